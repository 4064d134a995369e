//! Finding the animal: one inference of the matting network over a photo, or a part of one.

mod answer;
pub(crate) mod components;
mod description;
mod letterbox;
mod profiles;

use fast_image_resize::FilterType;
use fast_image_resize::pixels::U8;
use ort::value::TensorRef;

pub(crate) use answer::{MatteSize, expected_matte};
pub use components::keep_the_animal;
pub use description::{Activation, ChannelOrder, Divisor, Layout, ModelDescription};
pub(crate) use letterbox::Letterbox;
pub use profiles::{PROFILES, profile};

use crate::decode::Photo;
use crate::models::Models;
use crate::plane::Plane;
use crate::process::PipelineError;
use crate::resample::{Region, Resample};

/// What the network saw in a region of the photo.
#[derive(Clone, Debug, PartialEq)]
pub struct CoarseMatte {
    /// Alpha 0..1 at the network's resolution, stretched over `region`.
    pub alpha: Plane,
    /// The part of the photo that was looked at, in photo pixels.
    pub region: Region,
    /// The head, if the network says one.
    pub head: Option<HeadBox>,
    /// The probability that there is a pet in the region at all, if the network says one.
    pub pet: Option<f32>,
}

/// A head in photo pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadBox {
    /// Where it is.
    pub region: Region,
    /// The network's score, 0..1.
    pub score: f32,
}

/// What the network alone makes of a whole photo, before anything is cleaned or refined: for those who try out a model.
///
/// # Errors
/// [`PipelineError::Inference`] when ONNX Runtime fails or answers with another shape than it declared.
pub fn coarse_matte(photo: &Photo, models: &Models) -> Result<CoarseMatte, PipelineError> {
    let size = (f64::from(photo.width), f64::from(photo.height));
    find_animal(photo, Region { x: 0.0, y: 0.0, width: size.0, height: size.1 }, models)
}

/// Runs the network on `region` of `photo` (sRGB), letterboxed and never squashed, and reads its answer as the
/// model's description says: no min–max stretching, so that a photo without an animal gives an empty matte.
///
/// Where the photo itself is transparent, so is the matte.
///
/// # Errors
/// [`PipelineError::Inference`] when ONNX Runtime fails or answers with another shape than it declared.
pub fn find_animal(photo: &Photo, region: Region, models: &Models) -> Result<CoarseMatte, PipelineError> {
    let description = models.description();
    let input = Letterbox::fit(region, description);
    let tensor = input.tensor(photo, region, description);
    let shape = input.shape(description.layout);

    let failed = |e: ort::Error| PipelineError::Inference(e.to_string());
    // A panic elsewhere cannot leave a session half-way through anything: it is used again.
    let mut session = models.matting().lock().unwrap_or_else(|e| e.into_inner());
    let value = TensorRef::from_array_view((shape, &*tensor)).map_err(failed)?;
    let outputs = session.run(ort::inputs![value]).map_err(failed)?;

    let mut alpha = answer::matte(&outputs, &input, description)?;
    let head = answer::numbers(&outputs, description.head_output.as_ref())?;
    let head = head.and_then(|numbers| input.head(numbers, region));
    let pet = answer::numbers(&outputs, description.pet_output.as_ref())?;
    // What is no probability says nothing for a pet.
    let pet = pet.map(|numbers| match numbers {
        &[pet] if pet.is_finite() => pet.clamp(0.0, 1.0),
        _ => 0.0,
    });
    if let Some(transparency) = &photo.alpha {
        let of_photo = Resample::part(region, (alpha.width, alpha.height), FilterType::Bilinear)
            .bytes::<U8>(transparency, (photo.width as usize, photo.height as usize));
        for (a, t) in alpha.data.iter_mut().zip(of_photo) {
            *a *= f32::from(t) / 255.0;
        }
    }
    Ok(CoarseMatte { alpha, region, head, pet })
}
