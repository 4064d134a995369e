//! What refinement makes of the edges, against the coarse matte merely stretched.

use anyhow::{Context, Result, ensure};
use headshot_core::Recipe;
use headshot_pipeline::{Models, Outcome, Plane};
use headshot_tests::observe;

use crate::measures::{gradient_error, sad};
use crate::part::part;

/// Errors of one matte: refined, and stretched without refinement.
#[derive(Clone, Copy, Default)]
pub struct Errors {
    pub gradient: [f64; 2],
    pub sad: [f64; 2],
}

impl Errors {
    /// The refined matte's share of the stretched one's gradient error.
    pub fn gradient_share(&self) -> f64 {
        self.gradient[0] / self.gradient[1]
    }

    /// The same of the sum of absolute differences.
    pub fn sad_share(&self) -> f64 {
        self.sad[0] / self.sad[1]
    }

    /// Errors summed over photos.
    pub fn sum(all: &[Self]) -> Self {
        let mut sum = Self::default();
        for errors in all {
            for i in 0..2 {
                sum.gradient[i] += errors.gradient[i];
                sum.sad[i] += errors.sad[i];
            }
        }
        sum
    }

    fn of(refined: &[u8], coarse: &Plane, truth: &Plane) -> Self {
        let refined = from_bytes(refined, truth.width(), truth.height());
        let stretched = coarse.resize(truth.width(), truth.height());
        let both =
            |measure: fn(&Plane, &Plane) -> f64| [measure(&refined, truth), measure(&stretched, truth)];
        Self { gradient: both(gradient_error), sad: both(sad) }
    }
}

/// The two mattes that the pipeline makes of a photo.
pub struct Edges {
    /// Of the whole photo in its own size, from the first look.
    pub whole: Errors,
    /// Of the head as the print shows it, from the second look.
    pub print: Errors,
}

/// Compares with the true matte of the upright photo.
///
/// # Errors
/// The photo was refused.
pub fn edges(photo: &[u8], truth: &Plane, models: &Models) -> Result<Edges> {
    let (outcome, seen) = observe(photo, &Recipe::headshot(), models)?;
    let seen = seen.context("the photo cannot be opened")?;
    ensure!(matches!(outcome, Outcome::Rendered(_)), "there is no print: {outcome:?}");
    let print = seen.print.context("there is no head")?;
    let shown = part(truth, print.region, print.matte.width, print.matte.height);
    Ok(Edges {
        whole: Errors::of(&seen.matte.alpha, &seen.coarse, truth),
        print: Errors::of(&print.matte.alpha, &print.outline, &shown),
    })
}

pub fn from_bytes(alpha: &[u8], width: usize, height: usize) -> Plane {
    Plane::new(width, height, alpha.iter().map(|&a| f32::from(a) / 255.0).collect())
}
