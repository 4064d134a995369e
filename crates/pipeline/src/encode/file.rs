//! The frame of a PNG file: what every one of them says of itself.

use crate::base::error::PipelineError;

/// The PNG filter "Up" (PNG specification, 9.2): each byte is the difference from the byte above it.
pub const FILTER_UP: u8 = 2;
/// 300 dots per inch in pixels per metre.
const PIXELS_PER_METRE: u32 = 11_811;
/// Image data is cut into chunks of this size: readers that hold one chunk at a time stay small.
const IDAT_BYTES: usize = 1 << 20;

/// A PNG file around a zlib stream of filtered rows.
pub fn file(
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

/// A PNG file of pixels of one or two bytes. Those are too short for our own compressor; what the png crate
/// does quickest is nearly as small.
pub fn file_of(
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
