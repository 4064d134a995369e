//! Camera raw files: the preview that the camera stored in them, a JPEG. The sensor's data is not developed.
//!
//! Where a preview is: in TIFF-based files (DNG, NEF, ARW, CR2, PEF, RW2, …) a directory says it, in
//! Fujifilm's RAF the header, in Canon's CR3 a box. kamadak-exif does not follow `SubIFDs` and the tiff crate
//! wants pictures that it can decode, so the directories are walked here.

mod canon;
mod contents;
mod tiff;

use headshot_core::upload::{self, FileKind, Format, Limits, Refusal};

use super::jpeg;
use super::orient::Orientation;
use super::raster::Raster;
use super::read_error::ReadError;
use contents::Contents;

/// A smaller preview is only a thumbnail: this is what a headshot for the screen needs.
const LONG_EDGE: u32 = 1_500;

/// Reads the largest preview that we may take. Its own orientation holds, or else that of the file.
pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<Raster, ReadError> {
    let contents = match bytes {
        [b'F', b'U', b'J', b'I', ..] => fujifilm(bytes),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => canon::contents(bytes),
        _ => tiff::contents(bytes),
    };
    let large = contents.jpegs.iter().filter_map(|jpeg| Some((size(jpeg)?, *jpeg)));
    let large: Vec<_> = large.filter(|((width, height), _)| *width.max(height) >= LONG_EDGE).collect();
    let allowed = large.iter().filter(|((width, height), _)| limits.check_size(*width, *height).is_ok());
    let largest = allowed.max_by_key(|((width, height), _)| u64::from(*width) * u64::from(*height));
    let Some((_, preview)) = largest.or(large.first()) else {
        return Err(match contents.cut {
            true => Refusal::Truncated { format: Format::Raw },
            false => Refusal::UnsupportedType { found: Some(FileKind::RawWithoutPreview) },
        }
        .into());
    };
    upload::inspect(preview, limits).map_err(|refusal| match refusal {
        Refusal::Truncated { .. } => Refusal::Truncated { format: Format::Raw },
        Refusal::Unreadable { .. } => Refusal::Unreadable { format: Format::Raw },
        other => other,
    })?;
    let mut raster = jpeg::read(preview, limits)?;
    raster.orientation = raster.orientation.or_else(|| contents.orientation.and_then(Orientation::from_exif));
    Ok(raster)
}

/// RAF: the header says where the JPEG is, which has the EXIF of the file.
fn fujifilm(file: &[u8]) -> Contents<'_> {
    let mut contents = Contents::default();
    let number = |at: usize| Some(u32::from_be_bytes(file.get(at..at + 4)?.try_into().ok()?) as usize);
    match (number(84), number(88)) {
        (Some(offset), Some(length)) => contents.add(file, offset, length),
        _ => contents.cut = true,
    }
    contents
}

/// The size of a JPEG that is made to be looked at. The sensor's data may be a JPEG as well, a lossless one
/// or of more bits.
fn size(jpeg: &[u8]) -> Option<(u32, u32)> {
    /// Metadata of many megabytes makes some hundred.
    const SEGMENTS: usize = 1_000;
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    for _ in 0..SEGMENTS {
        let [0xff, code, high, low, body @ ..] = rest else { return None };
        match code {
            // A fill byte.
            0xff => rest = &rest[1..],
            0xc0..=0xc2 => {
                let [8, h1, h0, w1, w0, 1 | 3, ..] = body else { return None };
                let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
                return Some((side(*w1, *w0), side(*h1, *h0)));
            }
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xd9 | 0xda => return None,
            _ => rest = rest.get(2 + usize::from(u16::from_be_bytes([*high, *low]))..)?,
        }
    }
    None
}
