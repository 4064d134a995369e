//! The second look: at the head alone, which the network sees several times larger than in the whole photo.

use fast_image_resize::FilterType;
use fast_image_resize::pixels::U8;

use crate::base::error::PipelineError;
use crate::base::geometry::{Levelled, Point, Region};
use crate::base::plane::{Plane, smoothstep};
use crate::base::resample::Resample;
use crate::crop::{Crop, Matte};
use crate::matting::{CoarseMatte, corrected, without_holes};
use crate::models::{Models, Rule};
use crate::refine::refine;
use crate::scene::Scene;
use crate::sight::Sight;

/// The second look must find at least this share of the head that the first look saw.
const SECOND_LOOK_AGREES: f32 = 0.88;
/// So many samples of the first look inside its outline, it is believed.
const SURE_INSIDE: f64 = 2.0;
/// So much around the frame is looked at, as a share of the frame's width.
const AROUND: f64 = 0.06;

/// What the second look found.
pub struct SecondLook {
    /// What the network answered.
    pub answer: CoarseMatte<Levelled>,
    /// The animal's outline in the crop, from both looks.
    pub outline: Plane,
    /// The same refined to the crop's resolution.
    pub matte: Matte,
}

/// Looks again at what is around the head, and refines what both looks found to the crop's resolution.
///
/// It takes the photo, which nothing needs afterwards.
///
/// # Errors
/// [`PipelineError::Inference`] when ONNX Runtime fails.
pub fn second_look(
    scene: Scene<Levelled>,
    crop: &Crop,
    sight: Sight<'_>,
    models: &Models,
) -> Result<SecondLook, PipelineError> {
    let answer = sight.second(&scene, around_the_frame(&scene))?;
    let outline = outline(&scene, &answer, models);
    let transparency = transparency(&scene, crop);
    // As large as all that follows.
    drop(scene);
    let matte = refine(crop, &outline, models)?.within(transparency.as_deref());
    Ok(SecondLook { answer, outline, matte })
}

/// What the second look is at: the frame and a little around it.
fn around_the_frame(scene: &Scene<Levelled>) -> Region<Levelled> {
    let margin = scene.framing.frame.width * AROUND;
    scene.framing.frame.grown(margin, margin).inside(scene.photo.size())
}

/// The animal's outline in the frame, from both looks; the head has no holes.
fn outline(scene: &Scene<Levelled>, answer: &CoarseMatte<Levelled>, models: &Models) -> Plane {
    let outline = both_looks(scene, answer, models);
    let (framing, size) = (scene.framing, outline.size());
    without_holes(outline, |x, y| framing.head.contains(framing.visible.at_sample(size, x, y)))
}

/// What the network saw at the head alone, corrected by the first look and kept to where that saw the animal.
///
/// Where the frame reaches beyond the second look, the first stands.
fn both_looks(scene: &Scene<Levelled>, answer: &CoarseMatte<Levelled>, models: &Models) -> Plane {
    let Scene { photo, animal, head, framing } = scene;
    let visible = framing.visible;
    let close = answer.animal(Some(Point::of_head(head)), models).part(answer.region, visible);
    let seen = animal.part(scene.whole(), visible).resize(close.width(), close.height());
    if !models.applies(Rule::SecondLook) {
        return seen;
    }
    // So many samples of the second look is one of the first.
    let of_photo = visible.width / f64::from(photo.width);
    let sample = (of_photo * animal.width() as f64 / close.width() as f64).recip();
    let close = within(close, answer.region, visible, &seen);
    if !models.applies(Rule::Correction) {
        return close;
    }
    let close = corrected(&close, &seen, sample);
    // Compared on the head alone: what the looks make of the body is faded out anyway.
    let with_ears = framing.head.inside(photo.size());
    let on_head = |plane: &Plane| plane.part(visible, with_ears).data().iter().sum::<f32>();
    if on_head(&close.zip(&seen, f32::min)) < SECOND_LOOK_AGREES * on_head(&seen) {
        // So close, the network took the animal for something else: the first look stands.
        return seen;
    }
    let reach = (close.width().max(close.height()) / 24).max(2);
    let near = seen.box_mean(reach);
    let close = close.zip(&near, |c, n| if n > 0.02 { c } else { 0.0 });
    // What the first look was sure of stays: so close, an ear out of focus is easily taken for the room
    // behind it.
    let core = seen.box_mean((sample * SURE_INSIDE).round() as usize).map(|v| smoothstep(0.96, 0.995, v));
    close.zip(&core, f32::max)
}

/// `close`, which is spread over `visible`, inside `region`, and `elsewhere` outside of it.
fn within(close: Plane, region: Region<Levelled>, visible: Region<Levelled>, elsewhere: &Plane) -> Plane {
    let outside = |v: f64, origin: f64, length: f64| v < origin || v > origin + length;
    Plane::from_fn(close.width(), close.height(), |x, y| {
        let point = visible.at_sample(close.size(), x, y);
        let beyond = outside(point.x, region.x, region.width) || outside(point.y, region.y, region.height);
        if beyond { elsewhere.at(x, y) } else { close.at(x, y) }
    })
}

/// The photo's own transparency over the crop, if it has any.
fn transparency(scene: &Scene<Levelled>, crop: &Crop) -> Option<Vec<u8>> {
    let alpha = scene.photo.alpha.as_ref()?;
    let to = (crop.width, crop.height);
    let resample = Resample::part(scene.framing.visible, to, FilterType::Bilinear);
    Some(resample.bytes::<U8>(alpha, scene.photo.pixels()))
}
