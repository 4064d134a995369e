//! The one thing EXIF is read for: which way is up.

use super::orient::Orientation;

const ORIENTATION_TAG: u16 = 0x0112;
const SHORT: u16 = 3;

/// The orientation in an EXIF block (a TIFF header and its first directory; the prefix `Exif\0\0` may be there or not).
/// Anything missing or out of range means upright.
pub(super) fn orientation(exif: &[u8]) -> Orientation {
    find(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif)).and_then(Orientation::from_exif).unwrap_or_default()
}

fn find(tiff: &[u8]) -> Option<u16> {
    let big = match tiff.get(..2)? {
        b"MM" => true,
        b"II" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let long = |at: usize| {
        let bytes = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    };
    let directory = usize::try_from(long(4)?).ok()?;
    for entry in 0..usize::from(short(directory)?) {
        let at = directory.checked_add(2 + entry * 12)?;
        if short(at)? == ORIENTATION_TAG {
            // Some writers use a 32-bit field.
            return match short(at + 2)? {
                SHORT => short(at + 8),
                _ => u16::try_from(long(at + 8)?).ok(),
            };
        }
    }
    None
}
