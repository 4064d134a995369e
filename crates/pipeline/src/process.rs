//! The pipeline as a list of named steps.

use std::time::Instant;

use fast_image_resize::FilterType;
use fast_image_resize::pixels::{U8, U8x3};
use headshot_core::{Head, ModelInfo, Quality, Recipe, Rendition, Stage};

use crate::base::error::PipelineError;
use crate::base::geometry::Region;
use crate::base::plane::{Plane, smoothstep};
use crate::base::resample::Resample;
use crate::crop::{Crop, Matte};
use crate::decode::{DecodeLimits, Photo, decode};
use crate::fade::fade;
use crate::foreground::foreground;
use crate::framing::{Framing, frame_head, inside};
use crate::head::find_head;
use crate::level::{Levelled, level};
use crate::look::{HeadSpan, grade};
use crate::matting::{CoarseMatte, corrected, keep_the_animal, without_haze, without_holes};
use crate::models::{Models, Rule};
use crate::quality;
use crate::refine::refine;
use crate::renditions::{Artefact, renditions};
use crate::roll::roll;
use crate::sight::Sight;
use crate::stored_matte::StoredMatte;

/// How a photo ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The headshot is made.
    Rendered(Rendered),
    /// This photo can never become a headshot; trying again would change nothing.
    Rejected(Rejection),
}

/// A finished headshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// One file per rendition of the recipe.
    pub artefacts: Vec<Artefact>,
    /// What was measured, and warnings.
    pub quality: Quality,
    /// Where the head is in the upright photo.
    pub head: Head,
    /// The 4:5 frame in the upright photo, before a tilted head was turned; it may reach beyond the photo.
    pub frame: Region,
    /// Which network made the matte.
    pub model: ModelInfo,
    /// What it answered, as the file of a [`StoredMatte`], for [`process_again`].
    pub matte: Vec<u8>,
}

/// Why a photo was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// Stable machine-readable code.
    pub code: String,
    /// A sentence for the customer.
    pub message: String,
    /// What was measured, when the photo could be opened at all.
    pub quality: Option<Quality>,
}

/// Makes the renditions of `recipe` from the bytes of a photo. `on_stage` is called as each stage begins.
///
/// The same bytes, recipe and models give the same artefacts, byte for byte.
///
/// # Errors
/// [`PipelineError`] when something other than the photo is at fault. A photo that can never succeed is
/// `Ok(Outcome::Rejected)`.
pub fn process(
    bytes: &[u8],
    recipe: &Recipe,
    models: &Models,
    on_stage: &dyn Fn(Stage),
) -> Result<Outcome, PipelineError> {
    let photo = match stage(Stage::Decode, on_stage, || decode(bytes, &DecodeLimits::default())) {
        Ok(photo) => photo,
        Err(error) => return Ok(Outcome::Rejected(undecodable(&error))),
    };
    Ok(portray(photo, recipe, Sight::Network(models), models, on_stage)?.0)
}

/// As [`process`], by what the matting network answered about the same photo before: of the models only the refiner is
/// asked. With the same recipe the artefacts are the same, byte for byte.
///
/// # Errors
/// As [`process`]; and [`PipelineError::OtherPhoto`] where `matte` is not of this photo.
pub fn process_again(
    bytes: &[u8],
    recipe: &Recipe,
    matte: &StoredMatte,
    models: &Models,
    on_stage: &dyn Fn(Stage),
) -> Result<Outcome, PipelineError> {
    let photo = match stage(Stage::Decode, on_stage, || decode(bytes, &DecodeLimits::default())) {
        Ok(photo) => photo,
        Err(error) => return Ok(Outcome::Rejected(undecodable(&error))),
    };
    if !matte.is_of((f64::from(photo.width), f64::from(photo.height))) {
        return Err(PipelineError::OtherPhoto);
    }
    Ok(portray(photo, recipe, Sight::Stored(matte), models, on_stage)?.0)
}

/// The first look's findings, beside the outcome.
pub struct Seen {
    /// The animal's cleaned coarse matte over the whole photo.
    pub animal: Plane,
    /// Its head, if there is an animal at all.
    pub head: Option<Head>,
}

/// The steps after decoding.
pub fn portray(
    photo: Photo,
    recipe: &Recipe,
    sight: Sight<'_>,
    models: &Models,
    on_stage: &dyn Fn(Stage),
) -> Result<(Outcome, Seen), PipelineError> {
    let size = (f64::from(photo.width), f64::from(photo.height));
    let coarse = stage(Stage::Matting, on_stage, || sight.first(&photo))?;
    let animal = cleaned(&coarse, coarse.head.map(|head| centre(head.region)), models);
    let Some(head) = find_head(coarse.head, &animal, size) else {
        let quality = quality::nothing_found(&coarse);
        return Ok((Outcome::Rejected(refused(quality)), Seen { animal, head: None }));
    };
    let framing = frame_head(&head, &animal, size, recipe.framing);
    let print_height = recipe.size(Rendition::Print).1;
    let (quality, roll) = stage(Stage::Quality, on_stage, || {
        let roll = roll(&photo, &head, &animal);
        let found = quality::Found {
            photo: &photo,
            coarse: &coarse,
            animal: &animal,
            head: &head,
            framing: &framing,
            roll,
        };
        (quality::judge(&found, recipe), roll)
    });
    if !quality.pass {
        return Ok((Outcome::Rejected(refused(quality)), Seen { animal, head: Some(head) }));
    }

    let frame = framing.frame;
    let upright = roll.and_then(|roll| {
        stage(Stage::Compose, on_stage, || level(&photo, &framing, &head, &animal, roll, print_height))
    });
    let (Levelled { photo, head: upright_head, animal: upright_animal }, framing) = match upright {
        Some(upright) => {
            // The original may be several times as large as what goes on.
            drop(photo);
            let size = (f64::from(upright.photo.width), f64::from(upright.photo.height));
            let framing = frame_head(&upright.head, &upright.animal, size, recipe.framing);
            (upright, framing)
        }
        None => (Levelled { photo, head: head.clone(), animal: animal.clone() }, framing),
    };

    let crop = stage(Stage::Compose, on_stage, || cut_out(&photo, &framing, print_height));
    let (matte, second) = stage(Stage::Matting, on_stage, || {
        let second = sight.second(&photo, around(&photo, &framing), &upright_head)?;
        let close_up = look_closer(&photo, &framing, &upright_head, &upright_animal, &second, models);
        let alpha = transparency(&photo, &framing, &crop);
        drop(photo);
        Ok::<_, PipelineError>((with_transparency(refine(&crop, &close_up, models)?, alpha), second))
    })?;
    let stored = StoredMatte::new(sight.model(), coarse, &second, &upright_head);
    let crop = stage(Stage::Foreground, on_stage, || foreground(crop, &matte));
    let matte = stage(Stage::Compose, on_stage, || fade(&matte, &framing));
    let span = HeadSpan {
        top: (framing.head.y - framing.visible.y) / framing.visible.height,
        height: framing.head.height / framing.visible.height,
    };
    let portrait = stage(Stage::Look, on_stage, || grade(&crop, &matte, span, recipe.look, recipe.grain));
    drop((crop, matte));

    let (artefacts, stored) = stage(Stage::Encode, on_stage, || {
        let stored = stored.to_png().map_err(|error| PipelineError::Encode(error.to_string()))?;
        Ok::<_, PipelineError>((renditions(&portrait, &framing, recipe)?, stored))
    })?;
    let seen = Seen { animal, head: Some(head.clone()) };
    let rendered = Rendered { artefacts, quality, head, frame, model: sight.model(), matte: stored };
    Ok((Outcome::Rendered(rendered), seen))
}

/// Runs one stage inside its span, and says in the log how long it took.
pub fn stage<T>(stage: Stage, on_stage: &dyn Fn(Stage), work: impl FnOnce() -> T) -> T {
    on_stage(stage);
    let span =
        tracing::info_span!("stage", stage = stage.as_str(), duration_ms = tracing::field::Empty).entered();
    let started = Instant::now();
    let result = work();
    span.record("duration_ms", (started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0);
    tracing::debug!("stage done");
    result
}

/// The visible part of the frame, at the size it will have in the print, but never enlarged.
pub fn cut_out(photo: &Photo, framing: &Framing, print_height: u32) -> Crop {
    let visible = framing.visible;
    let scale = (f64::from(print_height) / framing.frame.height).min(1.0);
    let side = |s: f64| ((s * scale).round() as usize).max(1);
    let (width, height) = (side(visible.width), side(visible.height));
    let size = (photo.width as usize, photo.height as usize);
    let rgb =
        Resample::part(visible, (width, height), FilterType::CatmullRom).bytes::<U8x3>(&photo.rgb, size);
    Crop { width, height, rgb }
}

/// The second look must find at least this share of the head that the first look saw.
const SECOND_LOOK_AGREES: f32 = 0.88;

/// So many samples of the first look inside its outline, it is believed.
const SURE_INSIDE: f64 = 2.0;

/// What the second look is at: the frame and a little around it.
pub fn around(photo: &Photo, framing: &Framing) -> Region {
    let margin = framing.frame.width * 0.06;
    let around = Region {
        x: framing.frame.x - margin,
        y: framing.frame.y - margin,
        width: framing.frame.width + 2.0 * margin,
        height: framing.frame.height + 2.0 * margin,
    };
    inside(around, (f64::from(photo.width), f64::from(photo.height)))
}

/// The animal's outline in the frame, from both looks; the head has no holes.
pub fn look_closer(
    photo: &Photo,
    framing: &Framing,
    head: &Head,
    animal: &Plane,
    coarse: &CoarseMatte,
    models: &Models,
) -> Plane {
    let outline = both_looks(photo, framing, head, animal, coarse, models);
    let (region, size) = (framing.head, outline.size());
    let along = |v: f64, from: f64, length: f64| (from..from + length).contains(&v);
    without_holes(outline, |x, y| {
        let (across, down) = point(&framing.visible, size, x, y);
        along(across, region.x, region.width) && along(down, region.y, region.height)
    })
}

/// What the network saw at the head alone, which it sees several times larger than in the whole photo.
///
/// It is corrected by the first look, and kept to where that saw the animal. Where the frame reaches beyond
/// the second look, the first stands.
fn both_looks(
    photo: &Photo,
    framing: &Framing,
    head: &Head,
    animal: &Plane,
    coarse: &CoarseMatte,
    models: &Models,
) -> Plane {
    let size = (f64::from(photo.width), f64::from(photo.height));
    let whole = Region { x: 0.0, y: 0.0, width: size.0, height: size.1 };
    let middle = (f64::from(head.x + head.width / 2.0), f64::from(head.y + head.height / 2.0));
    let close = cleaned(coarse, Some(middle), models).part(coarse.region, framing.visible);
    let seen = animal.part(whole, framing.visible).resize(close.width(), close.height());
    if !models.applies(Rule::SecondLook) {
        return seen;
    }
    // So many samples of the second look is one of the first.
    let sample = (framing.visible.width / size.0 * animal.width() as f64 / close.width() as f64).recip();
    let close = within(close, &coarse.region, &framing.visible, &seen);
    if !models.applies(Rule::Correction) {
        return close;
    }
    let close = corrected(&close, &seen, sample);
    // Compared on the head alone: what the looks make of the body is faded out anyway.
    let on_head =
        |plane: &Plane| plane.part(framing.visible, inside(framing.head, size)).data().iter().sum::<f32>();
    if on_head(&close.zip(&seen, f32::min)) < SECOND_LOOK_AGREES * on_head(&seen) {
        // So close, the network took the animal for something else: the first look stands.
        return seen;
    }
    let reach = (close.width().max(close.height()) / 24).max(2);
    let near = seen.box_mean(reach);
    let close = close.zip(&near, |c, n| if n > 0.02 { c } else { 0.0 });
    // What the first look was sure of stays: so close, an ear out of focus is easily taken for the room behind it.
    let core = seen.box_mean((sample * SURE_INSIDE).round() as usize).map(|v| smoothstep(0.96, 0.995, v));
    close.zip(&core, f32::max)
}

/// A coarse matte with the animal alone; of several the one whose head's centre is known, in photo pixels.
fn cleaned(coarse: &CoarseMatte, head: Option<(f64, f64)>, models: &Models) -> Plane {
    if !models.applies(Rule::OneAnimal) {
        return without_haze(&coarse.alpha);
    }
    keep_the_animal(&coarse.alpha, head.map(|centre| sample_of(coarse, centre)))
}

/// `close`, which is spread over `visible`, inside `region`, and `elsewhere` outside of it.
fn within(close: Plane, region: &Region, visible: &Region, elsewhere: &Plane) -> Plane {
    let outside = |v: f64, origin: f64, length: f64| v < origin || v > origin + length;
    let size = close.size();
    Plane::from_fn(close.width(), close.height(), |x, y| {
        let (across, down) = point(visible, size, x, y);
        let beyond = outside(across, region.x, region.width) || outside(down, region.y, region.height);
        if beyond { elsewhere.at(x, y) } else { close.at(x, y) }
    })
}

/// Where the middle of a sample lies in the photo, in pixels; the plane of this size is spread over `region`.
fn point(region: &Region, (width, height): (usize, usize), x: usize, y: usize) -> (f64, f64) {
    let across = region.x + (x as f64 + 0.5) / width as f64 * region.width;
    (across, region.y + (y as f64 + 0.5) / height as f64 * region.height)
}

/// The photo's own transparency over the crop, if it has any.
fn transparency(photo: &Photo, framing: &Framing, crop: &Crop) -> Option<Vec<u8>> {
    let alpha = photo.alpha.as_ref()?;
    let size = (photo.width as usize, photo.height as usize);
    let to = (crop.width, crop.height);
    Some(Resample::part(framing.visible, to, FilterType::Bilinear).bytes::<U8>(alpha, size))
}

fn with_transparency(mut matte: Matte, alpha: Option<Vec<u8>>) -> Matte {
    for (m, a) in matte.alpha.iter_mut().zip(alpha.into_iter().flatten()) {
        *m = (*m).min(a);
    }
    matte
}

fn centre(region: Region) -> (f64, f64) {
    (region.x + region.width / 2.0, region.y + region.height / 2.0)
}

/// The sample of a coarse matte that covers a point of the photo.
fn sample_of(coarse: &CoarseMatte, (x, y): (f64, f64)) -> (usize, usize) {
    let (plane, region) = (&coarse.alpha, coarse.region);
    let along = |v: f64, origin: f64, length: f64, n: usize| {
        (((v - origin) / length * n as f64).max(0.0) as usize).min(n - 1)
    };
    (along(x, region.x, region.width, plane.width()), along(y, region.y, region.height, plane.height()))
}

pub fn undecodable(error: &crate::decode::DecodeError) -> Rejection {
    tracing::info!(code = error.code(), detail = error.detail(), "the photo could not be decoded");
    Rejection { code: error.code().into(), message: error.to_string(), quality: None }
}

fn refused(quality: Quality) -> Rejection {
    let (code, message) =
        quality.rejection().map(|r| (r.code.clone(), r.message.clone())).unwrap_or_default();
    Rejection { code, message, quality: Some(quality) }
}
