//! Transparency of the input.

use super::colour::narrow;
use super::raster::Samples;

/// The colour that takes the place of what was transparent: mid-grey in sRGB, which favours neither a black nor a white
/// coat when the matte is found.
const COVER: u32 = 128;

/// Blends `rgb` over mid-grey by `alpha`, in place. Under alpha 0 nothing of the hidden colour remains.
pub(super) fn cover_hidden(rgb: &mut [u8], alpha: &[u8]) {
    for (pixel, alpha) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(alpha) {
        let alpha = u32::from(*alpha);
        for value in pixel {
            // Rounded division by 255, exact for every product of two bytes.
            *value = ((u32::from(*value) * alpha + COVER * (255 - alpha) + 127) / 255) as u8;
        }
    }
}

/// Splits rows of R, G, B, A into colour, in the same memory, and alpha.
pub(super) fn split_rgba(mut rgba: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    let pixels = rgba.len() / 4;
    let alpha = rgba.as_chunks::<4>().0.iter().map(|pixel| pixel[3]).collect();
    for at in 0..pixels {
        rgba.copy_within(at * 4..at * 4 + 3, at * 3);
    }
    rgba.truncate(pixels * 3);
    rgba.shrink_to_fit();
    (rgba, alpha)
}

/// The same of 16-bit samples; alpha in 8 bits.
pub(super) fn split_deep_rgba(rgba: &[u16]) -> (Samples, Option<Vec<u8>>) {
    let pixels = rgba.as_chunks::<4>().0;
    let rgb = pixels.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect();
    (Samples::DeepRgb(rgb), Some(pixels.iter().map(|pixel| narrow(pixel[3])).collect()))
}

/// Takes back that colours were multiplied by their alpha.
pub(super) fn unmultiply(rgb: &mut [u8], alpha: &[u8]) {
    for (pixel, alpha) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(alpha) {
        let alpha = u32::from(*alpha);
        if alpha > 0 {
            *pixel = pixel.map(|value| ((u32::from(value) * 255 + alpha / 2) / alpha).min(255) as u8);
        }
    }
}
