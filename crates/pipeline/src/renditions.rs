//! The last step: the files that a recipe asks for, all of one portrait.

use std::cell::LazyCell;

use headshot_core::{Recipe, Rendition};

use crate::base::error::PipelineError;
use crate::base::geometry::Levelled;
use crate::encode::{self, Canvas, Placement};
use crate::framing::Framing;
use crate::look::Portrait;

/// One finished file.
#[derive(Clone, Debug, PartialEq)]
pub struct Artefact {
    /// Which rendition it is.
    pub rendition: Rendition,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The PNG file.
    pub png: Vec<u8>,
}

/// Makes every rendition of the recipe.
///
/// # Errors
/// [`PipelineError::Encode`] when a file cannot be written.
pub fn renditions(
    portrait: &Portrait,
    framing: &Framing<Levelled>,
    recipe: &Recipe,
) -> Result<Vec<Artefact>, PipelineError> {
    let canvas = |rendition| {
        let (width, height) = recipe.size(rendition);
        Canvas::new(portrait, (width as usize, height as usize), placement(framing, (width, height)))
    };
    // All but the preview show the same pixels, so that they are resized once.
    let print = LazyCell::new(|| canvas(Rendition::Print));
    let mut artefacts = Vec::new();
    for rendition in recipe.renditions() {
        let png = match (rendition, recipe.background) {
            (Rendition::Preview, _) => encode::rgba(&canvas(rendition))?,
            (Rendition::Print, _) => encode::rgba(&print)?,
            (Rendition::GreyAlpha, _) => encode::grey_alpha(&print)?,
            (Rendition::Flattened, Some(background)) => encode::flattened(&print, background)?,
            (Rendition::Flattened, None) => continue,
        };
        let (width, height) = recipe.size(rendition);
        artefacts.push(Artefact { rendition, width, height, png });
    }
    Ok(artefacts)
}

/// Where the visible part lies on a canvas that shows the whole frame.
fn placement(framing: &Framing<Levelled>, (width, height): (u32, u32)) -> Placement {
    let (frame, visible) = (framing.frame, framing.visible);
    let along = |v: f64, origin: f64, length: f64, pixels: u32| {
        (((v - origin) / length * f64::from(pixels)).round().max(0.0) as usize).min(pixels as usize)
    };
    let x0 = along(visible.x, frame.x, frame.width, width).min(width as usize - 1);
    let y0 = along(visible.y, frame.y, frame.height, height).min(height as usize - 1);
    let x1 = along(visible.x + visible.width, frame.x, frame.width, width).max(x0 + 1);
    let y1 = along(visible.y + visible.height, frame.y, frame.height, height).max(y0 + 1);
    Placement { x: x0, y: y0, width: x1 - x0, height: y1 - y0 }
}
