//! Renditions: one graded portrait, resized and written as PNG.

use std::borrow::Cow;
use std::io::Write;

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
    let io = |e: std::io::Error| PipelineError::Encode(e.to_string());
    let mut file = Vec::with_capacity(portrait.grey_alpha.len() / 2);
    let mut encoder = png::Encoder::new(&mut file, portrait.width as u32, portrait.height as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Up);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let resolution =
        png::PixelDimensions { xppu: PIXELS_PER_METRE, yppu: PIXELS_PER_METRE, unit: png::Unit::Meter };
    encoder.set_pixel_dims(Some(resolution));
    let mut writer = encoder.write_header().map_err(failed)?;
    let mut stream = writer.stream_writer().map_err(failed)?;
    let mut row = vec![0u8; portrait.width * 4];
    for pairs in portrait.grey_alpha.chunks_exact(portrait.width * 2) {
        for (rgba, pair) in row.chunks_exact_mut(4).zip(pairs.chunks_exact(2)) {
            let grey = if pair[1] == 0 { 0 } else { pair[0] };
            rgba.copy_from_slice(&[grey, grey, grey, pair[1]]);
        }
        stream.write_all(&row).map_err(io)?;
    }
    stream.finish().map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
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
