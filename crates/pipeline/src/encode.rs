//! Renditions: one graded portrait, resized and written as PNG.

use std::borrow::Cow;

use fast_image_resize::FilterType;
use fast_image_resize::pixels::U8x2;

use crate::look::Portrait;
use crate::process::PipelineError;
use crate::resample::Resample;

/// 300 dots per inch in pixels per metre.
const PIXELS_PER_METRE: u32 = 11_811;

/// The portrait laid onto a canvas of another size. Resampling is premultiplied, so that no dark rim appears.
///
/// `place` is where the portrait lies on the canvas, in canvas pixels.
pub fn lay_out(portrait: &Portrait, (width, height): (usize, usize), place: Placement) -> Cow<'_, Portrait> {
    let inner = resize(portrait, place.width, place.height);
    if (place.x, place.y, place.width, place.height) == (0, 0, width, height) {
        return inner;
    }
    let mut grey_alpha = vec![0u8; width * height * 2];
    for (y, row) in inner.grey_alpha.chunks_exact(place.width * 2).enumerate() {
        let start = ((place.y + y) * width + place.x) * 2;
        grey_alpha[start..start + row.len()].copy_from_slice(row);
    }
    Cow::Owned(Portrait { width, height, grey_alpha })
}

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

/// A PNG of 8-bit RGB + alpha with R = G = B, RGB zero where alpha is, 300 dpi, tagged sRGB.
///
/// # Errors
/// [`PipelineError::Encode`] when the encoder fails, which only a lack of memory explains.
pub fn png(portrait: &Portrait) -> Result<Vec<u8>, PipelineError> {
    let failed = |e: png::EncodingError| PipelineError::Encode(e.to_string());
    let compressed = compress(portrait).map_err(|e| PipelineError::Encode(e.to_string()))?;
    let mut file = Vec::with_capacity(compressed.len() + 1024);
    let mut encoder = png::Encoder::new(&mut file, portrait.width as u32, portrait.height as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let resolution =
        png::PixelDimensions { xppu: PIXELS_PER_METRE, yppu: PIXELS_PER_METRE, unit: png::Unit::Meter };
    encoder.set_pixel_dims(Some(resolution));
    let mut writer = encoder.write_header().map_err(failed)?;
    for part in compressed.chunks(IDAT_BYTES) {
        writer.write_chunk(png::chunk::IDAT, part).map_err(failed)?;
    }
    writer.finish().map_err(failed)?;
    Ok(file)
}

/// Image data is cut into chunks of this size: readers that hold one chunk at a time stay small.
const IDAT_BYTES: usize = 1 << 20;
/// The PNG filter "Up" (PNG specification, 9.2): each byte is the difference from the byte above it.
const FILTER_UP: u8 = 2;

/// The filtered and compressed rows of the picture (zlib).
///
/// The png crate could do this too. Here a pixel is filtered as the two bytes that it has and made four afterwards, and
/// the compressor writes straight into memory, which together takes a third less time.
fn compress(portrait: &Portrait) -> std::io::Result<Vec<u8>> {
    let room = Vec::with_capacity(portrait.grey_alpha.len() / 2);
    let mut compressor = fdeflate::Compressor::new(room)?;
    let mut row = vec![0u8; 1 + portrait.width * 4];
    row[0] = FILTER_UP;
    let nothing = vec![0u8; portrait.width * 2];
    let mut above = nothing.as_slice();
    for pairs in portrait.grey_alpha.chunks_exact(portrait.width * 2) {
        let filtered = row[1..].as_chunks_mut().0.iter_mut();
        for ((filtered, pair), above) in filtered.zip(pairs.as_chunks().0).zip(above.as_chunks().0) {
            *filtered = step(visible(*pair), visible(*above)).to_le_bytes();
        }
        compressor.write_data(&row)?;
        above = pairs;
    }
    compressor.finish()
}

/// What a pixel may show: nothing at all where alpha, the high byte, is 0.
#[inline]
fn visible(pair: [u8; 2]) -> u16 {
    let pair = u16::from_le_bytes(pair);
    if pair < 0x100 { 0 } else { pair }
}

/// The differences of red, green and blue, which are those of grey, and of alpha. Written so that any processor does
/// several at a time.
#[inline]
fn step(pair: u16, above: u16) -> u32 {
    let grey = u32::from(pair.wrapping_sub(above) & 0xff);
    let alpha = u32::from((pair & 0xff00).wrapping_sub(above & 0xff00));
    grey | grey << 8 | grey << 16 | alpha << 16
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
