//! Ways to take a bad photo.

use image::RgbImage;
use image::imageops::{FilterType, fast_blur, resize};

/// Out of focus by a Gaussian of that standard deviation in pixels.
pub fn blurred(photo: &RgbImage, sigma: f32) -> RgbImage {
    fast_blur(photo, sigma)
}

/// Taken with so many stops less light, in 8 bits of sRGB.
pub fn darker(photo: &RgbImage, stops: i32) -> RgbImage {
    let table: [u8; 256] = std::array::from_fn(|v| {
        let v = v as f64 / 255.0;
        let light = if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) };
        let light = light * 2f64.powi(-stops);
        let v = if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
        (v * 255.0 + 0.5) as u8
    });
    let mut dark = photo.clone();
    dark.iter_mut().for_each(|v| *v = table[*v as usize]);
    dark
}

/// Taken from farther away: smaller by that factor; never larger.
pub fn shrunk(photo: &RgbImage, scale: f32) -> RgbImage {
    let side = |s: u32| ((s as f32 * scale.min(1.0)).round() as u32).max(1);
    resize(photo, side(photo.width()), side(photo.height()), FilterType::Triangle)
}

/// Noise of that amplitude in levels, the same at every call.
pub fn noisy(photo: &RgbImage, amplitude: f32) -> RgbImage {
    let mut state = 1u32;
    let mut noisy = photo.clone();
    noisy.iter_mut().for_each(|v| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = ((state >> 8) as f32 / (1 << 24) as f32 - 0.5) * 2.0 * amplitude;
        *v = (f32::from(*v) + noise).round().clamp(0.0, 255.0) as u8;
    });
    noisy
}
