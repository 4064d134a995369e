//! JPEG, baseline and progressive; grey, YCbCr, RGB, CMYK and YCCK.

use headshot_core::upload::Limits;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::raster::{Encoding, Raster, Samples};
use super::{ReadError, exif, jpeg_segments};

/// Reads a JPEG. Small damage within the picture is tolerated, as every viewer does; a picture of which a part is
/// missing altogether is not.
pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<Raster, ReadError> {
    let segments = jpeg_segments::read(bytes);
    // The format itself ends at 65,535 pixels; ours are checked below.
    let options =
        DecoderOptions::default().set_max_width(usize::from(u16::MAX)).set_max_height(usize::from(u16::MAX));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(ReadError::decoder)?;
    let (width, height) = decoder.dimensions().ok_or_else(|| ReadError::decoder("no size"))?;
    let (width, height) = (width as u32, height as u32);
    limits.check_size(width, height)?;

    // Four components are taken as they are stored: what they mean depends on the profile. Adobe's marker may promise
    // them for a picture that has three.
    let components = decoder.info().map_or(0, |info| info.components);
    let (wanted, channels) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, 1),
        Some(stored @ (ColorSpace::CMYK | ColorSpace::YCCK)) if components == 4 => (stored, 4),
        _ => (ColorSpace::RGB, 3),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let mut samples = vec![0; width as usize * height as usize * channels];
    decoder.decode_into(&mut samples).map_err(ReadError::decoder)?;
    if breaks_off(&samples, width as usize * channels) {
        let mut strict = JpegDecoder::new_with_options(ZCursor::new(bytes), options.set_strict_mode(true));
        strict.decode().map_err(ReadError::decoder)?;
    }

    let samples = match wanted {
        ColorSpace::Luma => Samples::Grey(samples),
        ColorSpace::RGB => Samples::Rgb(samples),
        _ => {
            if wanted == ColorSpace::YCCK {
                ycck_to_stored_cmyk(&mut samples);
            }
            if segments.adobe {
                samples.iter_mut().for_each(|ink| *ink = 255 - *ink);
            }
            Samples::Cmyk(samples)
        }
    };
    Ok(Raster {
        width,
        height,
        samples,
        alpha: None,
        encoding: segments.icc.map_or(Encoding::Srgb, Encoding::Icc),
        orientation: segments.exif.map(exif::orientation).unwrap_or_default(),
    })
}

/// What the decoder fills a picture with from where its data stopped making sense.
const FILL: u8 = 128;

/// Whether a twentieth of the picture or more, at its end, is the decoder's filling. A photo may really be that grey at
/// the bottom, so this is only a reason to look closer.
fn breaks_off(samples: &[u8], row: usize) -> bool {
    let rows = samples.len() / row;
    let filled =
        samples.rchunks_exact(row).take_while(|line| line.iter().all(|value| *value == FILL)).count();
    filled * 20 > rows
}

/// YCCK is CMY put through the transform meant for R, G, B = 255 − C, M, Y; K stands beside it untouched.
fn ycck_to_stored_cmyk(samples: &mut [u8]) {
    for [first, second, third, _] in samples.as_chunks_mut::<4>().0 {
        let (y, cb, cr) = (f32::from(*first), f32::from(*second) - 128.0, f32::from(*third) - 128.0);
        // The factors of JFIF (ITU-R BT.601, full range). The cast saturates.
        *first = 255 - (y + 1.402 * cr).round() as u8;
        *second = 255 - (y - 0.344_136 * cb - 0.714_136 * cr).round() as u8;
        *third = 255 - (y + 1.772 * cb).round() as u8;
    }
}
