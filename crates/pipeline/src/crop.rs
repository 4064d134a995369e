//! The part of the photo that is worked on, at the size of the print: its colours and its alpha.

use fast_image_resize::pixels::{U8, U8x3};

use crate::base::plane::Plane;
use crate::base::resample::Resample;

/// 8-bit sRGB pixels of the part of the photo that is worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crop {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `width × height × 3` samples.
    pub rgb: Vec<u8>,
}

/// Alpha for each pixel of a [`Crop`]: 0 is background, 255 the animal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matte {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `width × height` samples.
    pub alpha: Vec<u8>,
}

impl Matte {
    /// No more than the photo's own transparency leaves of each pixel, if it has any.
    pub(crate) fn within(mut self, transparency: Option<&[u8]>) -> Self {
        for (alpha, &most) in self.alpha.iter_mut().zip(transparency.into_iter().flatten()) {
            *alpha = (*alpha).min(most);
        }
        self
    }

    /// The matte at another size, in 0..1.
    pub fn plane(&self, width: usize, height: usize) -> Plane {
        let small = Resample::to(width, height).bytes::<U8>(&self.alpha, (self.width, self.height));
        Plane::new(width, height, small.into_iter().map(|a| f32::from(a) / 255.0).collect())
    }
}

/// The three channels of a crop at another size, in 0..1.
pub fn colour_planes(crop: &Crop, width: usize, height: usize) -> [Plane; 3] {
    let small = Resample::to(width, height).bytes::<U8x3>(&crop.rgb, (crop.width, crop.height));
    let of = |channel: usize| small.chunks_exact(3).map(move |rgb| f32::from(rgb[channel]) / 255.0);
    [0, 1, 2].map(|channel| Plane::new(width, height, of(channel).collect()))
}
