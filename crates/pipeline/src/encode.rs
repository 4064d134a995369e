//! PNG files of one portrait: sRGB, 300 dpi, and nothing in them of the photo's own metadata.

mod canvas;
mod deflate;
mod file;
mod flattened;

pub use canvas::{Canvas, Placement};
pub use flattened::flattened;

use deflate::Compressor;
use file::{FILTER_UP, file, file_of};

use crate::base::error::PipelineError;

/// A PNG of 8-bit RGB + alpha with R = G = B, RGB zero where alpha is.
///
/// # Errors
/// [`PipelineError::Encode`] when the encoder fails, which only a lack of memory explains.
pub fn rgba(canvas: &Canvas<'_>) -> Result<Vec<u8>, PipelineError> {
    let mut compressor = Compressor::<4>::new(canvas.width);
    let (mut pairs, mut above) = (vec![0; canvas.width * 2], vec![0; canvas.width * 2]);
    for y in 0..canvas.height {
        canvas.fill(y, &mut pairs);
        let row = compressor.row();
        row[0] = FILTER_UP;
        // A pixel is filtered as the two bytes that it has and made four afterwards, which takes half the time.
        let filtered = row[1..].as_chunks_mut().0.iter_mut();
        for ((filtered, &pair), &above) in filtered.zip(pairs.as_chunks().0).zip(above.as_chunks().0) {
            *filtered = step(u16::from_le_bytes(pair), u16::from_le_bytes(above)).to_le_bytes();
        }
        std::mem::swap(&mut pairs, &mut above);
    }
    file(canvas.width, canvas.height, png::ColorType::Rgba, &compressor.finish())
}

/// The same as [`rgba`] makes, as 8-bit grey and alpha.
///
/// # Errors
/// [`PipelineError::Encode`] when the encoder fails, which only a lack of memory explains.
pub fn grey_alpha(canvas: &Canvas<'_>) -> Result<Vec<u8>, PipelineError> {
    let mut pixels = vec![0; canvas.width * canvas.height * 2];
    for (y, row) in pixels.chunks_exact_mut(canvas.width * 2).enumerate() {
        canvas.fill(y, row);
    }
    file_of(canvas.width, canvas.height, png::ColorType::GrayscaleAlpha, &pixels)
}

/// The differences of red, green and blue, which are those of grey, and of alpha. Written so that any processor does
/// several at a time.
#[inline]
fn step(pair: u16, above: u16) -> u32 {
    let grey = u32::from(pair.wrapping_sub(above) & 0xff);
    let alpha = u32::from((pair & 0xff00).wrapping_sub(above & 0xff00));
    grey | grey << 8 | grey << 16 | alpha << 16
}

#[cfg(test)]
mod tests;
