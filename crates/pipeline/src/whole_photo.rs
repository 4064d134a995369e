//! The first look refined over the whole photo: for figures and the refiner's training, not for artefacts.

use crate::base::error::PipelineError;
use crate::base::plane::Plane;
use crate::crop::{Crop, Matte};
use crate::decode::{DecodeLimits, Photo, decode};
use crate::matting::{coarse_matte, keep_the_animal};
use crate::models::Models;
use crate::refine::{Fitted, fit_crop, refine};

/// Refines the animal's cleaned matte to the size of its photo, as the print's is refined to the print's.
///
/// # Errors
/// [`PipelineError::Inference`] when ONNX Runtime fails.
pub fn refine_photo(photo: &Photo, animal: &Plane, models: &Models) -> Result<Matte, PipelineError> {
    let matte = refine(&crop_of(photo), animal, models)?;
    Ok(matte.within(photo.alpha.as_deref()))
}

/// What refinement fits to a photo by the network's first look: what a refiner is trained on.
///
/// # Errors
/// As [`refine_photo`]; `None` where the photo cannot be opened.
pub fn fit_photo(bytes: &[u8], models: &Models) -> Result<Option<Fitted>, PipelineError> {
    let Ok(photo) = decode(bytes, &DecodeLimits::default()) else { return Ok(None) };
    let coarse = coarse_matte(&photo, models)?;
    let animal = keep_the_animal(&coarse.alpha, None);
    Ok(Some(fit_crop(&crop_of(&photo), &animal, models.without())))
}

fn crop_of(photo: &Photo) -> Crop {
    Crop { width: photo.width as usize, height: photo.height as usize, rgb: photo.rgb.clone() }
}
