//! Finding the animal: the matting network's answer about a photo, or a part of one.

mod answer;
mod closer_look;
mod coarse_matte;
pub(crate) mod components;
mod corrected;
mod input;

use fast_image_resize::FilterType;
use fast_image_resize::pixels::U8;
use ort::value::TensorRef;

pub use coarse_matte::{CoarseMatte, HeadBox};
pub use components::{keep_the_animal, without_holes};
pub(crate) use corrected::corrected;

use crate::base::error::PipelineError;
use crate::base::geometry::{Region, Space};
use crate::base::resample::Resample;
use crate::decode::Photo;
use crate::models::{Letterbox, Models, Rule};

/// What the network alone makes of a whole photo, before anything is cleaned or refined: the first look.
///
/// Where the description has a `mirrored_side`, the network is asked twice: about the photo, and about a
/// mirrored, softer one. The matte is the first answer's. The probability is the mean of both, and so is the
/// head where they mean the same one: the mean moves less with the noise of a file.
///
/// A small animal is hard to tell from a thing. Where the probability is doubtful and what was found fills only a part of the
/// photo, the network is asked once more about that part, and the probability takes its answer in.
///
/// # Errors
/// [`PipelineError::Inference`] when ONNX Runtime fails or answers with another shape than it declared.
pub fn coarse_matte(photo: &Photo, models: &Models) -> Result<CoarseMatte, PipelineError> {
    let whole = Region::whole(photo.size());
    let description = models.description();
    let mut seen = ask(photo, whole, description.long_side, false, models)?;
    if let Some(side) = description.mirrored_side.filter(|_| models.applies(Rule::Mirrored)) {
        let other = ask(photo, whole, side, true, models)?;
        seen.pet = seen.pet.zip(other.pet).map(|(one, other)| (one + other) / 2.0);
        seen.head = seen.head.map(|head| match other.head {
            Some(other) => head.agreed(HeadBox { region: mirrored_in(other.region, whole), ..other }),
            None => head,
        });
    }
    if let Some(close) = closer_look::wanted(&seen) {
        let closer = ask(photo, close, description.long_side, false, models)?.pet;
        seen.pet = seen.pet.zip(closer).map(|(pet, closer)| closer_look::verdict(pet, closer));
    }
    Ok(within_the_photo(photo, seen))
}

/// Runs the network once on `region` of `photo` (sRGB), letterboxed and never squashed, and reads its answer as the
/// model's description says: no min–max stretching, so that a photo without an animal gives an empty matte.
///
/// # Errors
/// [`PipelineError::Inference`] when ONNX Runtime fails or answers with another shape than it declared.
pub fn find_animal<S: Space>(
    photo: &Photo,
    region: Region<S>,
    models: &Models,
) -> Result<CoarseMatte<S>, PipelineError> {
    let seen = ask(photo, region, models.description().long_side, false, models)?;
    Ok(within_the_photo(photo, seen))
}

/// Where the photo itself is transparent, so is the matte.
fn within_the_photo<S: Space>(photo: &Photo, mut seen: CoarseMatte<S>) -> CoarseMatte<S> {
    if let Some(transparency) = &photo.alpha {
        let of_photo = Resample::part(seen.region, seen.alpha.size(), FilterType::Bilinear)
            .bytes::<U8>(transparency, photo.pixels());
        for (a, t) in seen.alpha.data_mut().iter_mut().zip(of_photo) {
            *a *= f32::from(t) / 255.0;
        }
    }
    seen
}

/// One inference, over an input with this long side.
fn ask<S: Space>(
    photo: &Photo,
    region: Region<S>,
    long_side: u32,
    mirrored: bool,
    models: &Models,
) -> Result<CoarseMatte<S>, PipelineError> {
    let description = models.description();
    let input = Letterbox::fit((region.width, region.height), long_side, description);
    let tensor = input.tensor(photo, region, mirrored, description);
    let shape = input.shape(description.layout);

    let failed = |e: ort::Error| PipelineError::Inference(e.to_string());
    // A panic elsewhere cannot leave a session half-way through anything: it is used again.
    let mut session = models.matting().lock().unwrap_or_else(|e| e.into_inner());
    let value = TensorRef::from_array_view((shape, &*tensor)).map_err(failed)?;
    let outputs = session.run(ort::inputs![value]).map_err(failed)?;

    let alpha = answer::matte(&outputs, &input, description)?;
    let head = answer::numbers(&outputs, description.head_output.as_ref())?;
    let head = head.and_then(|numbers| input.head(numbers, region));
    let pet = answer::numbers(&outputs, description.pet_output.as_ref())?;
    // What is no probability says nothing for a pet.
    let pet = pet.map(|numbers| match numbers {
        &[pet] if pet.is_finite() => pet.clamp(0.0, 1.0),
        _ => 0.0,
    });
    Ok(CoarseMatte { alpha, region, head, pet })
}

fn mirrored_in(region: Region, whole: Region) -> Region {
    Region::new(2.0 * whole.x + whole.width - region.x - region.width, region.y, region.width, region.height)
}
