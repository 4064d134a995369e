//! The coarse matte refined to the resolution of the photo: fur follows the photo's own edges.
//!
//! Lumps of the room that the network has half kept are voted out by their colours (`colour_vote.rs`). The rest is the
//! guided filter with a colour guide (He, Sun, Tang, "Guided Image Filtering", PAMI 2013) in its fast form (He, Sun, "Fast
//! Guided Filter", 2015): the linear model `alpha = a · colour + b` is fitted per window at low resolution, corrected by a
//! small network where hairs leave the outline (`refiner.rs`), and applied to every pixel of the boundary band at full
//! resolution. Cost follows the outline's length.

mod attached;
mod colour_model;
mod colour_vote;
mod fitted;
mod linear_model;
mod refiner;

pub use fitted::{Fitted, fit_crop};
pub use linear_model::LinearModel;

use crate::base::error::PipelineError;
use crate::base::plane::{Plane, RowSampler, smoothstep};
use crate::crop::{Crop, Matte};
use crate::models::{Models, Rule};

/// What the fit leaves below the first and above the second is rounding of the window, not fur.
const LEVELS: (f32, f32) = (0.05, 0.94);
/// Outside the outline the first level is higher by this: what little a busy room resembles the animal is not fur.
const DOUBT_OUTSIDE: f32 = 0.05;
/// The outline is the mean of the coarse matte around a pixel. Where it is below the first, the pixel is
/// outside; between the other two the body begins, which has no holes.
const OUTSIDE: f32 = 0.3;
/// See [`OUTSIDE`].
const BODY: (f32, f32) = (0.97, 1.0);
/// How far a pixel's channel may differ from its sample's, where it is decided which samples can hold hair.
const CONTRAST: f32 = 0.35;
/// So far inside that the body's alpha is rounded to 1.
const SURE_BODY: f32 = 0.999;

/// Refines `coarse` (cleaned, spread over the whole crop) to the crop's resolution. Outside the boundary band the
/// result is exactly 0 or 255.
///
/// # Errors
/// [`PipelineError::Inference`] when ONNX Runtime fails.
pub fn refine(crop: &Crop, coarse: &Plane, models: &Models) -> Result<Matte, PipelineError> {
    let mut fitted = fit_crop(crop, coarse, models.without());
    if models.applies(Rule::Refiner) {
        refiner::correct(&mut fitted, models)?;
    }
    Ok(apply(fitted, crop, models.without()))
}

/// Reads alpha off the model for every pixel of the crop, and keeps what hangs together with the body.
fn apply(fitted: Fitted, crop: &Crop, without: Option<Rule>) -> Matte {
    let (width, height) = (crop.width, crop.height);
    let Fitted { guide, outline, model, .. } = fitted;
    // The most alpha that any pixel of a sample can have.
    let most =
        model.a.iter().fold(model.at(&guide), |most, a| most.zip(a, |most, a| most + CONTRAST * a.abs()));
    let planes = model.a.iter().chain([&model.b, &outline, &most]).collect();
    let mut sampler = RowSampler::new(planes, width, height);

    let mut alpha = vec![0u8; width * height];
    for (y, row) in alpha.chunks_exact_mut(width).enumerate() {
        sampler.seek(y);
        let pixels = &crop.rgb[y * width * 3..(y + 1) * width * 3];
        let mut x = 0;
        while x < width {
            // Most of the crop is body, or room that cannot hold hair: the model is asked for the rest.
            let room = sampler.settled(5, x, |most| most <= LEVELS.0).map(|end| (end, 0));
            let settled = sampler.settled(4, x, |o| o >= SURE_BODY).map(|end| (end, 255)).or(room);
            if let Some((end, alpha)) = settled {
                row[x..end].fill(alpha);
                x = end;
                continue;
            }
            let rgb = &pixels[x * 3..x * 3 + 3];
            let value = |i: usize| f32::from(rgb[i]) * (1.0 / 255.0) * sampler.get(i, x);
            let fitted = value(0) + value(1) + value(2) + sampler.get(3, x);
            row[x] = (settle(fitted, sampler.get(4, x)) * 255.0 + 0.5) as u8;
            x += 1;
        }
    }
    if without != Some(Rule::Attached) {
        attached::keep_attached(&mut alpha, width, &outline);
    }
    Matte { width, height, alpha }
}

/// Alpha from what the model says of a pixel and from where it lies: inside the body it is 1, far outside only what
/// clearly differs from the room is kept.
#[inline]
fn settle(fitted: f32, outline: f32) -> f32 {
    let low = LEVELS.0 + DOUBT_OUTSIDE * smoothstep(OUTSIDE, 0.0, outline);
    let alpha = ((fitted - low) / (LEVELS.1 - low)).clamp(0.0, 1.0);
    alpha.max(smoothstep(BODY.0, BODY.1, outline))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A red disc on blue; the coarse matte knows it only at a sixteenth of the resolution.
    fn disc(size: usize) -> (Crop, Plane) {
        let centre = size as f32 / 2.0;
        let distance = |x: f32, y: f32| ((x - centre).powi(2) + (y - centre).powi(2)).sqrt();
        let mut rgb = Vec::new();
        for y in 0..size {
            for x in 0..size {
                let inside = distance(x as f32 + 0.5, y as f32 + 0.5) < centre * 0.6;
                rgb.extend(if inside { [200, 60, 40] } else { [40, 80, 190] });
            }
        }
        let step = 16.0;
        let coarse = Plane::from_fn(size / 16, size / 16, |x, y| {
            let d = distance((x as f32 + 0.5) * step, (y as f32 + 0.5) * step);
            ((centre * 0.6 - d) / step + 0.5).clamp(0.0, 1.0)
        });
        (Crop { width: size, height: size, rgb }, coarse)
    }

    #[test]
    fn the_edge_follows_the_photo_and_the_rest_is_exact() {
        let (crop, coarse) = disc(512);
        let matte = apply(fit_crop(&crop, &coarse, None), &crop, None);
        let bilinear = coarse.resize(512, 512);
        let mut error = [0.0f32; 2];
        for (i, rgb) in crop.rgb.chunks_exact(3).enumerate() {
            let truth = if rgb[0] > 100 { 1.0 } else { 0.0 };
            error[0] += (f32::from(matte.alpha[i]) / 255.0 - truth).abs();
            error[1] += (bilinear.data()[i] - truth).abs();
        }
        assert!(error[0] < 0.25 * error[1], "refined {} against bilinear {}", error[0], error[1]);
        assert_eq!((matte.alpha[0], matte.alpha[512 * 256 + 256]), (0, 255));
    }
}
