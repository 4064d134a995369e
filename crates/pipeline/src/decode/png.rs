//! PNG of every bit depth and colour type; the default image of an animated one.

use std::io::Cursor;

use ::png::{BitDepth, ColorType, Decoder, InterlaceInfo, Transformations, expand_interlaced_row};
use headshot_core::upload::Limits;

use super::raster::{Encoding, Raster, Samples};
use super::{ReadError, alpha, exif};

pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<Raster, ReadError> {
    // The decoder's own limit (64 MiB by default) covers what it allocates besides the picture, profiles among it.
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_ignore_text_chunk(true);
    // Palettes become colours, transparent colours become alpha, small depths become 8 bits; 16 bits stay.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(ReadError::decoder)?;
    let (width, height) = reader.info().size();
    limits.check_size(width, height)?;

    let (color, depth) = reader.output_color_type();
    let channels = color.samples();
    let stride = width as usize * channels;
    let mut pixels = vec![0; stride * height as usize];
    let mut next_line = 0;
    // Row by row: what is 16 bits deep is never held so as a whole.
    let mut narrow = Vec::new();
    while let Some(row) = reader.next_interlaced_row().map_err(ReadError::decoder)? {
        let data = match depth {
            BitDepth::Sixteen => {
                narrow.clear();
                narrow.extend(row.data().as_chunks::<2>().0.iter().map(|sample| to_8_bits(*sample)));
                narrow.as_slice()
            }
            _ => row.data(),
        };
        match row.interlace() {
            InterlaceInfo::Adam7(pass) => {
                expand_interlaced_row(&mut pixels, stride, data, pass, channels as u8 * 8);
            }
            InterlaceInfo::Null(_) => {
                let line: usize = next_line;
                next_line += 1;
                if let Some(line) = pixels.get_mut(line * stride..(line + 1) * stride) {
                    line.copy_from_slice(&data[..stride]);
                }
            }
        }
    }

    let (samples, alpha) = match color {
        ColorType::Grayscale => (Samples::Grey(pixels), None),
        ColorType::GrayscaleAlpha => {
            let (grey, alpha) = pixels.as_chunks::<2>().0.iter().map(|[grey, alpha]| (*grey, *alpha)).unzip();
            (Samples::Grey(grey), Some(alpha))
        }
        ColorType::Rgb => (Samples::Rgb(pixels), None),
        ColorType::Rgba => {
            let (rgb, alpha) = alpha::split_rgba(pixels);
            (Samples::Rgb(rgb), Some(alpha))
        }
        ColorType::Indexed => return Err(ReadError::decoder("the palette was not expanded")),
    };
    let info = reader.info();
    // The order of precedence of the PNG specification. Gamma and chromaticities alone are left: no camera writes them.
    let encoding = match (&info.coding_independent_code_points, &info.icc_profile) {
        (Some(cicp), _) => Encoding::Primaries(cicp.color_primaries),
        (None, Some(icc)) => Encoding::Icc(icc.to_vec()),
        (None, None) => Encoding::Srgb,
    };
    let orientation = info.exif_metadata.as_deref().map(exif::orientation).unwrap_or_default();
    Ok(Raster { width, height, samples, alpha, encoding, orientation })
}

/// Rounded, so that black and white stay what they are and everything between is nearest.
fn to_8_bits(sample: [u8; 2]) -> u8 {
    ((u32::from(u16::from_be_bytes(sample)) * 255 + 32_767) / 65_535) as u8
}
