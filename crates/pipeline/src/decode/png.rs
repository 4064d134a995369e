//! PNG of every bit depth and colour type; the default image of an animated one.

use std::io::{Cursor, ErrorKind};

use ::png::{
    BitDepth, ColorType, Decoder, DecodingError, Info, InterlaceInfo, Transformations, expand_interlaced_row,
};
use headshot_core::upload::{Format, Limits, Refusal};

use super::colour::{Chromaticities, Cicp, Encoding, narrow};
use super::raster::{Raster, Samples};
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
    let told = exif::read(reader.info().exif_metadata.as_deref());
    let mut encodings = encodings(reader.info());
    encodings.extend(told.encoding);

    let (color, depth) = reader.output_color_type();
    let channels = color.samples();
    // All 16 bits are needed only where colours are converted.
    let deep = depth == BitDepth::Sixteen && !matches!(encodings.first(), None | Some(Encoding::Srgb));
    let pixel = channels * if deep { 2 } else { 1 };
    let stride = width as usize * pixel;
    let mut pixels = vec![0; stride * height as usize];
    let mut next_line = 0;
    // Row by row, so that what is narrowed is never held as a whole.
    let mut narrowed = Vec::new();
    while let Some(row) = reader.next_interlaced_row().map_err(missing)? {
        let data = match depth {
            BitDepth::Sixteen if !deep => {
                narrowed.clear();
                narrowed.extend(
                    row.data().as_chunks().0.iter().map(|sample| narrow(u16::from_be_bytes(*sample))),
                );
                narrowed.as_slice()
            }
            _ => row.data(),
        };
        match row.interlace() {
            InterlaceInfo::Adam7(pass) => {
                expand_interlaced_row(&mut pixels, stride, data, pass, pixel as u8 * 8);
            }
            InterlaceInfo::Null(_) => {
                let line: usize = next_line;
                next_line += 1;
                if let Some(line) = pixels.get_mut(line * stride..(line + 1) * stride) {
                    line.copy_from_slice(&data[..stride]);
                }
                // What follows the last row is no part of the picture.
                if next_line == height as usize {
                    break;
                }
            }
        }
    }

    let full_range = reader.info().coding_independent_code_points.is_none_or(|c| c.is_video_full_range_image);
    let (samples, alpha) = if deep {
        let mut deep: Vec<u16> =
            pixels.as_chunks().0.iter().map(|sample| u16::from_be_bytes(*sample)).collect();
        drop(pixels);
        if !full_range {
            deep.iter_mut().for_each(|sample| *sample = stretched(*sample));
        }
        split_deep(deep, color)
    } else {
        split(pixels, color)?
    };
    Ok(Raster { width, height, samples, alpha, encodings, orientation: told.orientation, damage: Vec::new() })
}

/// The order of the PNG specification (third edition, 4.3).
fn encodings(info: &Info<'_>) -> Vec<Encoding> {
    let mut encodings = Vec::new();
    if let Some(cicp) = info.coding_independent_code_points {
        let (primaries, transfer) = (cicp.color_primaries, cicp.transfer_function);
        encodings.push(Encoding::Cicp(Cicp { primaries, transfer }));
    }
    if let Some(icc) = &info.icc_profile {
        encodings.push(Encoding::Icc(icc.to_vec()));
    }
    if info.srgb.is_some() {
        encodings.push(Encoding::Srgb);
    }
    if let Some(gamma) = info.gama_chunk {
        let chromaticities = info.chrm_chunk.map(|c| {
            Chromaticities([c.white, c.red, c.green, c.blue].map(|(x, y)| (x.into_value(), y.into_value())))
        });
        let gamma = gamma.into_value();
        // What writers put beside sRGB; it means sRGB's curve unless primaries say otherwise.
        let srgb = (gamma - 0.454_55).abs() < 0.001 && chromaticities.is_none_or(|c| c.are_srgb());
        encodings.push(if srgb { Encoding::Srgb } else { Encoding::Gamma(1.0 / gamma, chromaticities) });
    }
    encodings
}

/// A sample of a narrow-range picture, in which black is 16 of 255 and white 235, at full range.
fn stretched(sample: u16) -> u16 {
    const BLACK: f32 = 16.0 * 257.0;
    const WHITE: f32 = 235.0 * 257.0;
    // The cast saturates.
    ((f32::from(sample) - BLACK) / (WHITE - BLACK) * 65_535.0).round() as u16
}

/// The rows that were asked for are not there: the file ends, or its data does.
fn missing(error: DecodingError) -> ReadError {
    match &error {
        DecodingError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => {
            Refusal::Truncated { format: Format::Png }.into()
        }
        _ => ReadError::decoder(error),
    }
}

fn split(pixels: Vec<u8>, color: ColorType) -> Result<(Samples, Option<Vec<u8>>), ReadError> {
    Ok(match color {
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
    })
}

fn split_deep(pixels: Vec<u16>, color: ColorType) -> (Samples, Option<Vec<u8>>) {
    match color {
        ColorType::Grayscale => (Samples::DeepGrey(pixels), None),
        ColorType::GrayscaleAlpha => {
            let pixels = pixels.as_chunks::<2>().0.iter();
            let (grey, alpha) = pixels.map(|[grey, alpha]| (*grey, narrow(*alpha))).unzip();
            (Samples::DeepGrey(grey), Some(alpha))
        }
        ColorType::Rgba => alpha::split_deep_rgba(&pixels),
        _ => (Samples::DeepRgb(pixels), None),
    }
}
