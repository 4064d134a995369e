//! The linear model of a crop, fitted at low resolution.

use super::linear_model::{self, LinearModel};
use super::{colour_model, colour_vote};
use crate::base::plane::Plane;
use crate::crop::{Crop, colour_planes};
use crate::models::Rule;

/// Long side of the low resolution at which the model is fitted, in samples.
const FIT_LONG_SIDE: usize = 560;
/// The fit's window reaches this many samples of the coarse matte to each side: far enough that it holds both
/// the animal and the room wherever a hair leaves the outline. Of all parameters this one gains the most
/// (docs/MODEL.md).
const REACH: f32 = 10.0;
/// Regularisation: colour differences well below √ε are noise, not an edge. Colours are in 0..1.
const EPSILON: f32 = 5e-5;
/// The outline's two sides are told apart by the mean of the coarse matte over this many samples to each
/// side.
const OUTLINE_REACH: f32 = 3.0;

/// What is known of a crop at the resolution of the fit, before any of its own pixels is looked at.
pub struct Fitted {
    /// The crop's colours, in 0..1.
    pub guide: [Plane; 3],
    /// The coarse matte, less what plainly has the room's colours.
    pub coarse: Plane,
    /// Its mean around each sample, by which body, outline and room are told apart.
    pub outline: Plane,
    /// How alpha follows from colour around each sample.
    pub model: LinearModel,
}

/// Fits the model to a crop and its coarse matte, without one of the rules if need be.
pub fn fit_crop(crop: &Crop, coarse: &Plane, without: Option<Rule>) -> Fitted {
    let (width, height) = (crop.width, crop.height);
    let long = width.max(height);
    let fit_long = FIT_LONG_SIDE.min(long) as f32;
    let side = |s: usize| ((s as f32 * fit_long / long as f32).round() as usize).max(1);
    let (fit_width, fit_height) = (side(width), side(height));

    let guide = colour_planes(crop, fit_width, fit_height);
    let coarse_sample = fit_width.max(fit_height) as f32 / coarse.width().max(coarse.height()) as f32;
    let coarse = coarse.resize(fit_width, fit_height);
    let coarse = if without == Some(Rule::ColourVote) {
        coarse
    } else {
        colour_vote::vote(&guide, &coarse, coarse_sample)
    };
    let samples = |reach: f32| ((coarse_sample * reach).round() as usize).max(2);
    let outline = coarse.box_mean(samples(OUTLINE_REACH));
    let target = if without == Some(Rule::ColourModel) {
        coarse.clone()
    } else {
        colour_model::resolve_doubt(&guide, &coarse, coarse_sample)
    };
    let model = linear_model::fit(&guide, &target, samples(REACH), EPSILON);
    Fitted { guide, coarse, outline, model }
}
