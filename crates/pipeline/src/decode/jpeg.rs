//! JPEG by libjpeg-turbo: baseline, progressive and arithmetic; grey, YCbCr, RGB, CMYK and YCCK.

mod arithmetic;
mod coverage;
mod frame;
mod header;
mod huffman;
mod segments;

use std::hash::{DefaultHasher, Hash, Hasher};

use headshot_core::upload::{Format, Limits, Refusal};
use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat};

use self::coverage::{Coverage, walk};
use super::encoding::Encoding;
use super::exif;
use super::raster::{Raster, Samples};
use super::read_error::ReadError;

/// Reads a JPEG. Small damage within the picture is tolerated, as every viewer does, and reported; a picture that
/// breaks off is refused, whether its file ends, was closed early or filled with zeros.
pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<Raster, ReadError> {
    let header = header::read(bytes);
    let picture = header::picture_only(bytes);
    if picture.lacks_component {
        return Err(Refusal::Truncated { format: Format::Jpeg }.into());
    }
    let mut decoder = Decompressor::new().map_err(ReadError::decoder)?;
    let read = decoder.read_header(&picture.file).map_err(ReadError::decoder)?;
    let (width, height) = (read.width as u32, read.height as u32);
    limits.check_size(width, height)?;
    decoder.set_scan_limit(scan_limit(u64::from(width) * u64::from(height))).map_err(ReadError::decoder)?;

    // Four components are taken as they are stored: what they mean depends on the profile.
    let (format, channels) = match read.colorspace {
        Colorspace::Gray => (PixelFormat::GRAY, 1),
        Colorspace::CMYK | Colorspace::YCCK => (PixelFormat::CMYK, 4),
        Colorspace::RGB | Colorspace::YCbCr => (PixelFormat::RGB, 3),
    };
    let pitch = read.width * channels;
    let mut samples = vec![0; pitch * read.height];
    // Whether the decoder was content.
    let mut decompress = |file: &[u8], samples: &mut [u8]| {
        let image = Image { pixels: samples, width: read.width, pitch, height: read.height, format };
        match decoder.decompress(file, image) {
            Ok(()) => Ok(true),
            Err(error) if is_warning(&error) => Ok(false),
            Err(error) => Err(ReadError::decoder(error)),
        }
    };
    let continued = picture.arithmetic.then(|| arithmetic::continued(&picture.file));
    let continued =
        continued.filter(|file| decompress(file, &mut samples).is_ok()).map(|_| rows(&samples, pitch));
    let mut content = decompress(&picture.file, &mut samples);
    let mut damage = Vec::new();
    if !(picture.ended && matches!(content, Ok(true))) {
        let walk = walk(&picture.file, picture.ended);
        match walk.coverage {
            Coverage::Whole => {}
            Coverage::Damaged(places) => damage = places,
            Coverage::BreaksOff => return Err(Refusal::Truncated { format: Format::Jpeg }.into()),
        }
        if !matches!(content, Ok(true)) && walk.mended != picture.file {
            content = decompress(&walk.mended, &mut samples);
        }
    }
    content?;
    if let Some(continued) = continued {
        /// The last unit may differ, and what is interpolated from it.
        const LAST: usize = 34;
        let differ = continued.iter().zip(rows(&samples, pitch)).filter(|(a, b)| *a != b).count();
        if differ > LAST {
            return Err(Refusal::Truncated { format: Format::Jpeg }.into());
        }
    }

    let samples = match format {
        PixelFormat::GRAY => Samples::Grey(samples),
        PixelFormat::RGB => Samples::Rgb(samples),
        _ => {
            if header.adobe {
                samples.iter_mut().for_each(|ink| *ink = 255 - *ink);
            }
            Samples::Cmyk(samples)
        }
    };
    let exif = exif::read(header.exif.iter().copied());
    let mut encodings = Vec::from_iter(header.icc.map(Encoding::Icc));
    encodings.extend(exif.encoding);
    Ok(Raster { width, height, samples, alpha: None, encodings, orientation: exif.orientation, damage })
}

/// A number for each row of samples, to compare pictures by.
fn rows(samples: &[u8], pitch: usize) -> Vec<u64> {
    let number = |row: &[u8]| {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        hasher.finish()
    };
    samples.chunks(pitch).map(number).collect()
}

/// How many scans a progressive picture may have: each costs a pass over all of it, and a few hundred bytes can ask
/// for thousands. Cameras write ten.
fn scan_limit(pixels: u64) -> u32 {
    (4_000_000_000 / pixels.max(1)).clamp(40, 1000) as u32
}

/// Whether the decoder went on after this. Its own list of warnings (`JWRN_` in its `jerror.h`) starts with these words.
fn is_warning(error: &turbojpeg::Error) -> bool {
    const WARNINGS: [&str; 5] = [
        "Corrupt JPEG data",
        "Premature end of JPEG file",
        "Inconsistent progression sequence",
        "Invalid SOS parameters for sequential",
        "Unknown Adobe color transform",
    ];
    let message = error.to_string();
    WARNINGS.iter().any(|warning| message.contains(warning)) || message.contains("Warning:")
}
