//! The face at one fixed scale, whatever the photo's resolution: what sharpness and exposure are measured on.

use fast_image_resize::FilterType;
use fast_image_resize::pixels::U8x3;

use crate::base::colour::{LUMINANCE, ToneTables};
use crate::base::geometry::{Original, Region};
use crate::base::plane::Plane;
use crate::base::resample::Resample;
use crate::scene::Scene;

/// The head's longer edge in samples. Large enough for eyes and nose, small enough that a phone's noise is averaged away.
pub const LONG_EDGE: f64 = 192.0;
/// From here on, in all three channels, there is nothing left to see.
const CLIPPED: u8 = 252;

/// The head's box, its longer edge [`LONG_EDGE`] samples long.
pub struct Face {
    /// Lightness L* in 0..1.
    pub lightness: Plane,
    /// How surely a sample is animal, 0..1.
    pub alpha: Plane,
    /// 1 where the photo is burnt out, else 0.
    pub clipped: Plane,
    /// The head's longer edge in pixels of the photo.
    pub head_px: f64,
}

impl Face {
    /// The face in a photo.
    pub fn of(scene: &Scene<Original>) -> Self {
        let Scene { photo, animal, head, .. } = scene;
        let region = Region::of_head(head).inside(photo.size());
        let scale = LONG_EDGE / region.width.max(region.height);
        let side = |s: f64| ((s * scale).round() as usize).max(8);
        let (width, height) = (side(region.width), side(region.height));
        let rgb = Resample::part(region, (width, height), FilterType::Bilinear)
            .bytes::<U8x3>(&photo.rgb, photo.pixels());
        let pixel = |x: usize, y: usize| rgb.as_chunks::<3>().0[y * width + x];
        let tables = ToneTables::new(LUMINANCE);
        Self {
            lightness: Plane::from_fn(width, height, |x, y| tables.lightness(pixel(x, y))),
            alpha: animal.part(scene.whole(), region).resize(width, height),
            clipped: Plane::from_fn(width, height, |x, y| {
                if pixel(x, y).iter().all(|&v| v >= CLIPPED) { 1.0 } else { 0.0 }
            }),
            head_px: region.width.max(region.height),
        }
    }
}
