//! PNG files of one portrait: sRGB, 300 dpi, and nothing in them of the photo's own metadata.

mod canvas;
mod deflate;
mod flattened;

pub use canvas::{Canvas, Placement};
pub use flattened::flattened;

use deflate::Compressor;

use crate::base::error::PipelineError;

/// 300 dots per inch in pixels per metre.
const PIXELS_PER_METRE: u32 = 11_811;
/// Image data is cut into chunks of this size: readers that hold one chunk at a time stay small.
const IDAT_BYTES: usize = 1 << 20;
/// The PNG filter "Up" (PNG specification, 9.2): each byte is the difference from the byte above it.
const FILTER_UP: u8 = 2;

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

/// A PNG file around a zlib stream of filtered rows.
fn file(
    width: usize,
    height: usize,
    kind: png::ColorType,
    compressed: &[u8],
) -> Result<Vec<u8>, PipelineError> {
    let failed = |e: png::EncodingError| PipelineError::Encode(e.to_string());
    let mut file = Vec::with_capacity(compressed.len() + 1024);
    let mut writer = header(&mut file, width, height, kind).write_header().map_err(failed)?;
    for part in compressed.chunks(IDAT_BYTES) {
        writer.write_chunk(png::chunk::IDAT, part).map_err(failed)?;
    }
    writer.finish().map_err(failed)?;
    Ok(file)
}

/// A PNG file of pixels of one or two bytes. Those are too short for our own compressor; what the png crate does quickest is
/// nearly as small.
fn file_of(
    width: usize,
    height: usize,
    kind: png::ColorType,
    pixels: &[u8],
) -> Result<Vec<u8>, PipelineError> {
    let failed = |e: png::EncodingError| PipelineError::Encode(e.to_string());
    let mut file = Vec::with_capacity(pixels.len() / 2);
    let mut encoder = header(&mut file, width, height, kind);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

/// What every file says of itself.
fn header(
    file: &mut Vec<u8>,
    width: usize,
    height: usize,
    kind: png::ColorType,
) -> png::Encoder<'static, &mut Vec<u8>> {
    let mut encoder = png::Encoder::new(file, width as u32, height as u32);
    encoder.set_color(kind);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let resolution =
        png::PixelDimensions { xppu: PIXELS_PER_METRE, yppu: PIXELS_PER_METRE, unit: png::Unit::Meter };
    encoder.set_pixel_dims(Some(resolution));
    encoder
}

#[cfg(test)]
mod tests;
