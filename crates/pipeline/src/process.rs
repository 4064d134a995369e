//! The pipeline as a list of named steps.

use std::time::Instant;

use headshot_core::{Recipe, Rendition, Stage};

use crate::base::error::PipelineError;
use crate::compose::compose;
use crate::decode::{DecodeLimits, Photo, decode};
use crate::fade::fade;
use crate::foreground::foreground;
use crate::head::find_head;
use crate::level::level;
use crate::look::grade;
use crate::models::Models;
use crate::observer::{CloseUp, Observer};
use crate::outcome::{Outcome, Rejection, Rendered};
use crate::quality::{judge, nothing_found};
use crate::renditions::renditions;
use crate::roll::roll;
use crate::scene::Scene;
use crate::second_look::second_look;
use crate::sight::Sight;
use crate::stored_matte::StoredMatte;

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
    process_observed(bytes, recipe, models, on_stage, &mut ())
}

/// As [`process`], and the observer hears what is made on the way.
///
/// # Errors
/// As [`process`].
pub fn process_observed(
    bytes: &[u8],
    recipe: &Recipe,
    models: &Models,
    on_stage: &dyn Fn(Stage),
    observer: &mut dyn Observer,
) -> Result<Outcome, PipelineError> {
    match open(bytes, on_stage) {
        Ok(photo) => portray(photo, recipe, Sight::Network(models), models, on_stage, observer),
        Err(rejection) => Ok(Outcome::Rejected(rejection)),
    }
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
    match open(bytes, on_stage) {
        Ok(photo) if !matte.is_of(photo.size()) => Err(PipelineError::OtherPhoto),
        Ok(photo) => portray(photo, recipe, Sight::Stored(matte), models, on_stage, &mut ()),
        Err(rejection) => Ok(Outcome::Rejected(rejection)),
    }
}

fn open(bytes: &[u8], on_stage: &dyn Fn(Stage)) -> Result<Photo, Rejection> {
    stage(Stage::Decode, on_stage, || decode(bytes, &DecodeLimits::default())).map_err(|error| {
        tracing::info!(code = error.code(), detail = error.detail(), "the photo could not be decoded");
        Rejection { code: error.code().into(), message: error.to_string(), quality: None }
    })
}

/// The steps after decoding.
fn portray(
    photo: Photo,
    recipe: &Recipe,
    sight: Sight<'_>,
    models: &Models,
    on_stage: &dyn Fn(Stage),
    observer: &mut dyn Observer,
) -> Result<Outcome, PipelineError> {
    let coarse = stage(Stage::Matting, on_stage, || sight.first(&photo))?;
    let animal = coarse.animal(coarse.head.map(|head| head.region.centre()), models);
    let head = find_head(coarse.head, &animal, photo.size());
    observer.first_look(&photo, &animal, head.as_ref());
    let Some(head) = head else { return Ok(Outcome::refused(nothing_found(&coarse))) };
    let original = Scene::framed(photo, animal, head.clone(), recipe.framing);
    let frame = original.framing.frame;
    let (quality, roll) = stage(Stage::Quality, on_stage, || {
        let roll = roll(&original);
        (judge(&original, &coarse, roll, recipe), roll)
    });
    if !quality.pass {
        return Ok(Outcome::refused(quality));
    }

    let print_height = recipe.size(Rendition::Print).1;
    let levelled = roll.filter(|_| observer.levels()).and_then(|roll| {
        stage(Stage::Compose, on_stage, || level(&original, roll, print_height, recipe.framing))
    });
    // Where it was turned, the original goes here: it may be several times as large as what goes on.
    let scene = levelled.unwrap_or_else(|| original.unturned());
    let (framing, scene_head) = (scene.framing, scene.head.clone());
    let crop = stage(Stage::Compose, on_stage, || compose(&scene, print_height));
    let second = stage(Stage::Matting, on_stage, || second_look(scene, &crop, sight, models))?;
    let stored = StoredMatte::new(sight.model(), coarse, &second.answer, &scene_head);
    let crop = stage(Stage::Foreground, on_stage, || foreground(crop, &second.matte));
    let faded = stage(Stage::Compose, on_stage, || fade(&second.matte, &framing));
    observer.close_up(&CloseUp::new(&framing, &second, &crop, &faded));
    let portrait =
        stage(Stage::Look, on_stage, || grade(&crop, &faded, framing.head_span(), recipe.look, recipe.grain));
    drop((crop, faded, second));

    let (artefacts, matte) = stage(Stage::Encode, on_stage, || {
        let matte = stored.to_png().map_err(|error| PipelineError::Encode(error.to_string()))?;
        Ok::<_, PipelineError>((renditions(&portrait, &framing, recipe)?, matte))
    })?;
    Ok(Outcome::Rendered(Rendered { artefacts, quality, head, frame, model: sight.model(), matte }))
}

/// Runs one stage inside its span, and says in the log how long it took.
fn stage<T>(stage: Stage, on_stage: &dyn Fn(Stage), work: impl FnOnce() -> T) -> T {
    on_stage(stage);
    let span =
        tracing::info_span!("stage", stage = stage.as_str(), duration_ms = tracing::field::Empty).entered();
    let started = Instant::now();
    let result = work();
    span.record("duration_ms", (started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0);
    tracing::debug!("stage done");
    result
}
