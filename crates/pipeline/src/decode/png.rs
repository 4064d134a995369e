//! PNG of every bit depth and colour type; the default image of an animated one.

use std::borrow::Cow;
use std::io::{Cursor, ErrorKind};
use std::ops::Range;

use ::png::{
    BitDepth, ColorType, Decoder, DecodingError, Info, InterlaceInfo, Transformations, expand_interlaced_row,
};
use headshot_core::upload::{Format, Limits, Refusal};

use super::encoding::{Chromaticities, Cicp, Curve, Encoding};
use super::raster::{Raster, Samples, narrow};
use super::read_error::ReadError;
use super::{alpha, exif};

pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<Raster, ReadError> {
    let bytes = &*without_invalid_cicp(bytes);
    // The decoder's own limit (64 MiB by default) covers what it allocates besides the picture, profiles among it.
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_ignore_text_chunk(true);
    // Palettes become colours, transparent colours become alpha, small depths become 8 bits; 16 bits stay.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(ReadError::decoder)?;
    let (width, height) = reader.info().size();
    limits.check_size(width, height)?;
    // EXIF may stand behind the data, too.
    let exif_blocks = chunks(bytes).filter(|(kind, _)| kind == b"eXIf");
    let told = exif::read(exif_blocks.filter_map(|(_, place)| bytes.get(place)));
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
    let (mut samples, alpha) = if deep {
        let deep: Vec<u16> = pixels.as_chunks().0.iter().map(|sample| u16::from_be_bytes(*sample)).collect();
        drop(pixels);
        split_deep(deep, color)
    } else {
        split(pixels, color)?
    };
    if !full_range {
        samples.stretch(16);
    }
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
        // What writers put beside sRGB; it means sRGB's curve, whatever the primaries.
        let curve = if (gamma - 0.454_55).abs() < 0.001 { Curve::Srgb } else { Curve::Power(1.0 / gamma) };
        let srgb = curve == Curve::Srgb && chromaticities.is_none_or(|c| c.are_srgb());
        encodings.push(if srgb { Encoding::Srgb } else { Encoding::Measured(curve, chromaticities) });
    }
    encodings
}

/// Kinds of the chunks, and where in the file their contents are.
fn chunks(file: &[u8]) -> impl Iterator<Item = ([u8; 4], Range<usize>)> {
    let mut at = 8;
    std::iter::from_fn(move || {
        let (length, kind) = (file.get(at..at + 4)?.first_chunk()?, file.get(at + 4..at + 8)?.first_chunk()?);
        let content = at + 8..at.checked_add(8)?.checked_add(u32::from_be_bytes(*length) as usize)?;
        // A checksum follows.
        at = content.end.checked_add(4)?;
        Some((*kind, content))
    })
}

/// The file with the checksum of an invalid cICP chunk spoilt, so that the decoder skips the chunk.
///
/// It would refuse the whole picture for a matrix or a range that the specification rules out.
fn without_invalid_cicp(file: &[u8]) -> Cow<'_, [u8]> {
    let mut file = Cow::Borrowed(file);
    for (kind, content) in chunks(&file.clone()) {
        let invalid =
            matches!(file.get(content.clone()), Some([_, _, matrix, range]) if *matrix != 0 || *range > 1);
        if &kind == b"cICP" && invalid && content.end < file.len() {
            file.to_mut()[content.end] ^= 0xff;
        }
    }
    file
}

/// The rows that were asked for are not there: the file ends, or its data does.
fn missing(error: DecodingError) -> ReadError {
    let ends = match &error {
        DecodingError::IoError(io) => io.kind() == ErrorKind::UnexpectedEof,
        // The decoder has no names for these.
        DecodingError::Format(error) => {
            let error = error.to_string();
            error.contains("InsufficientInput") || error.contains("not have enough data")
        }
        _ => false,
    };
    if ends { Refusal::Truncated { format: Format::Png }.into() } else { ReadError::decoder(error) }
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
