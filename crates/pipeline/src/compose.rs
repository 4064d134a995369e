//! The part of the photo that the print shows.

use fast_image_resize::FilterType;
use fast_image_resize::pixels::U8x3;

use crate::base::geometry::Levelled;
use crate::base::resample::Resample;
use crate::crop::Crop;
use crate::scene::Scene;

/// The visible part of the frame, at the size it will have in the print, but never enlarged.
pub fn compose(scene: &Scene<Levelled>, print_height: u32) -> Crop {
    let visible = scene.framing.visible;
    let scale = (f64::from(print_height) / scene.framing.frame.height).min(1.0);
    let side = |s: f64| ((s * scale).round() as usize).max(1);
    let (width, height) = (side(visible.width), side(visible.height));
    let resample = Resample::part(visible, (width, height), FilterType::CatmullRom);
    Crop { width, height, rgb: resample.bytes::<U8x3>(&scene.photo.rgb, scene.photo.pixels()) }
}
