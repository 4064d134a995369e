//! WebP, lossy and lossless; the first frame of an animated one.

use std::io::Cursor;

use headshot_core::upload::Limits;
use image_webp::WebPDecoder;

use super::raster::{Encoding, Raster, Samples};
use super::{ReadError, alpha, exif};

/// Profiles and EXIF blocks larger than this are not real ones.
const METADATA_LIMIT: usize = 8 << 20;

pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<Raster, ReadError> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(ReadError::decoder)?;
    let (width, height) = decoder.dimensions();
    limits.check_size(width, height)?;
    decoder.set_memory_limit(METADATA_LIMIT);
    // Broken metadata is no reason to refuse a good picture.
    let icc = decoder.icc_profile().ok().flatten();
    let exif = decoder.exif_metadata().ok().flatten();

    let size = decoder.output_buffer_size().ok_or_else(|| ReadError::decoder("size overflows"))?;
    let mut samples = vec![0; size];
    decoder.read_image(&mut samples).map_err(ReadError::decoder)?;
    let (samples, alpha) = if decoder.has_alpha() {
        let (rgb, alpha) = alpha::split_rgba(samples);
        (rgb, Some(alpha))
    } else {
        (samples, None)
    };
    Ok(Raster {
        width,
        height,
        samples: Samples::Rgb(samples),
        alpha,
        encoding: icc.map_or(Encoding::Srgb, Encoding::Icc),
        orientation: exif.as_deref().map(exif::orientation).unwrap_or_default(),
    })
}
