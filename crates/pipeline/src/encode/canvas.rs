//! The portrait at the size of one rendition.

use std::borrow::Cow;

use fast_image_resize::FilterType;
use fast_image_resize::pixels::U8x2;

use crate::base::resample::Resample;
use crate::look::Portrait;

/// A rectangle of canvas pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Left edge.
    pub x: usize,
    /// Top edge.
    pub y: usize,
    /// Width.
    pub width: usize,
    /// Height.
    pub height: usize,
}

/// A portrait that lies on a larger, transparent canvas. The canvas is there row by row only.
pub struct Canvas<'a> {
    /// Width of the canvas in pixels.
    pub width: usize,
    /// Its height.
    pub height: usize,
    place: Placement,
    portrait: Cow<'a, Portrait>,
}

impl<'a> Canvas<'a> {
    /// Lays the portrait onto `place` of a canvas, resized as that needs. Resampling is premultiplied, so that no dark rim
    /// appears.
    pub fn new(portrait: &'a Portrait, (width, height): (usize, usize), place: Placement) -> Self {
        Self { width, height, place, portrait: resize(portrait, place.width, place.height) }
    }

    /// Fills `row` with row `y`, from the top: pairs of grey and alpha, grey being 0 wherever alpha is.
    pub fn fill(&self, y: usize, row: &mut [u8]) {
        row.fill(0);
        let Placement { x, y: top, width, height } = self.place;
        if (top..top + height).contains(&y) {
            let pairs = &self.portrait.grey_alpha[(y - top) * width * 2..][..width * 2];
            let row = &mut row[x * 2..][..width * 2];
            for (to, &pair) in row.as_chunks_mut().0.iter_mut().zip(pairs.as_chunks().0) {
                *to = visible(pair);
            }
        }
    }
}

/// What a pixel may show: nothing at all where alpha, the second byte, is 0.
#[inline]
fn visible(pair: [u8; 2]) -> [u8; 2] {
    let bits = u16::from_le_bytes(pair);
    (if bits < 0x100 { 0 } else { bits }).to_le_bytes()
}

/// The portrait at another size, premultiplied: Lanczos 3 when reduced, Catmull–Rom, which rings less, when enlarged.
fn resize(portrait: &Portrait, width: usize, height: usize) -> Cow<'_, Portrait> {
    if (width, height) == (portrait.width, portrait.height) {
        return Cow::Borrowed(portrait);
    }
    let filter = if width > portrait.width { FilterType::CatmullRom } else { FilterType::Lanczos3 };
    let resample = Resample { filter, premultiply: true, ..Resample::to(width, height) };
    let grey_alpha = resample.bytes::<U8x2>(&portrait.grey_alpha, (portrait.width, portrait.height));
    Cow::Owned(Portrait { width, height, grey_alpha })
}
