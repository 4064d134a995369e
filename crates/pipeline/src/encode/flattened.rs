//! The portrait on a plain colour, for shops and printers that take no transparency.

use headshot_core::{Background, Colour};

use super::canvas::Canvas;
use super::deflate::Compressor;
use super::file::{FILTER_UP, file, file_of};
use crate::base::error::PipelineError;

/// A PNG of the canvas laid onto the background's colour, which goes on beyond each side by the bleed: 8-bit RGB, or
/// grey when the colour is one.
///
/// The two are mixed as encoded in sRGB, not in linear light. That is what browsers, viewers and our contact sheet do with
/// the transparent file, and this one is to look as that one does on a page of the same colour.
///
/// # Errors
/// [`PipelineError::Encode`] when the encoder fails, which only a lack of memory explains.
pub fn flattened(canvas: &Canvas<'_>, background: Background) -> Result<Vec<u8>, PipelineError> {
    let bleed = background.bleed_pixels() as usize;
    let (width, height) = (canvas.width + 2 * bleed, canvas.height + 2 * bleed);
    let Colour { red, green, blue } = background.colour;
    if background.colour.is_grey() {
        let mut pixels = vec![red; width * height];
        let mut pairs = vec![0; canvas.width * 2];
        for (y, row) in pixels.chunks_exact_mut(width).skip(bleed).take(canvas.height).enumerate() {
            canvas.fill(y, &mut pairs);
            for (pixel, &pair) in row[bleed..].iter_mut().zip(pairs.as_chunks().0) {
                *pixel = over(pair, red);
            }
        }
        return file_of(width, height, png::ColorType::Grayscale, &pixels);
    }

    let mut compressor = Compressor::<3>::new(width);
    let mut pairs = vec![0; canvas.width * 2];
    let (mut row, mut above) = (vec![0; width * 3], vec![0; width * 3]);
    for y in 0..height {
        let pixels = row.as_chunks_mut().0;
        pixels.fill([red, green, blue]);
        if (bleed..bleed + canvas.height).contains(&y) {
            canvas.fill(y - bleed, &mut pairs);
            for (pixel, &pair) in pixels[bleed..].iter_mut().zip(pairs.as_chunks().0) {
                *pixel = [red, green, blue].map(|ground| over(pair, ground));
            }
        }
        let filtered = compressor.row();
        filtered[0] = FILTER_UP;
        for ((filtered, value), above) in filtered[1..].iter_mut().zip(&row).zip(&above) {
            *filtered = value.wrapping_sub(*above);
        }
        std::mem::swap(&mut row, &mut above);
    }
    file(width, height, png::ColorType::Rgb, &compressor.finish())
}

/// One channel of a pixel of grey and alpha on the ground's, rounded.
#[inline]
fn over([grey, alpha]: [u8; 2], ground: u8) -> u8 {
    let alpha = u32::from(alpha);
    ((u32::from(grey) * alpha + u32::from(ground) * (255 - alpha) + 127) / 255) as u8
}
