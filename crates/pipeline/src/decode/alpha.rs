//! Transparency of the input.

use super::raster::{Samples, narrow};

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
pub(super) fn unmultiply(samples: &mut Samples, alpha: &[u8]) {
    let whole = |value: u32, alpha: u8, most: u32| match u32::from(alpha) {
        0 => value,
        alpha => ((value * 255 + alpha / 2) / alpha).min(most),
    };
    let channels = if matches!(samples, Samples::Grey(_) | Samples::DeepGrey(_)) { 1 } else { 3 };
    match samples {
        Samples::Grey(values) | Samples::Rgb(values) => {
            for (pixel, alpha) in values.chunks_mut(channels).zip(alpha) {
                pixel.iter_mut().for_each(|value| *value = whole((*value).into(), *alpha, 255) as u8);
            }
        }
        Samples::DeepGrey(values) | Samples::DeepRgb(values) => {
            for (pixel, alpha) in values.chunks_mut(channels).zip(alpha) {
                pixel.iter_mut().for_each(|value| *value = whole((*value).into(), *alpha, 65_535) as u16);
            }
        }
        Samples::Cmyk(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_of_every_depth_are_divided_by_their_alpha() {
        let alpha = [128, 255, 0];
        let mut rgb = Samples::Rgb(vec![64, 128, 1, 9, 8, 7, 0, 0, 0]);
        unmultiply(&mut rgb, &alpha);
        assert!(matches!(rgb, Samples::Rgb(rgb) if rgb == [128, 255, 2, 9, 8, 7, 0, 0, 0]));
        let mut deep = Samples::DeepGrey(vec![16_448, 9, 5]);
        unmultiply(&mut deep, &alpha);
        assert!(matches!(deep, Samples::DeepGrey(grey) if grey == [32_768, 9, 5]));
    }
}
