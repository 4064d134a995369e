//! What EXIF is read for: which way is up, and Adobe RGB.

use exif::{Exif, In, Reader, Tag, Value};

use super::encoding::Encoding;
use super::orient::Orientation;

/// What the EXIF blocks of a file say.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub orientation: Option<Orientation>,
    pub encoding: Option<Encoding>,
}

/// An EXIF block is a few KB; this much is a maker's note with a picture in it.
const LIMIT: usize = 1 << 20;

/// Reads blocks (TIFF headers and their directories; a prefix `Exif\0\0` may be there or not). The first that says
/// something is believed. What is missing, broken or out of range says nothing.
pub(super) fn read<'a>(blocks: impl IntoIterator<Item = &'a [u8]>) -> Told {
    let mut told = Told::default();
    for block in blocks {
        let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
        let block = &block[..block.len().min(LIMIT)];
        let parsed = Reader::new().continue_on_error(true).read_raw(block.to_vec());
        let Ok(exif) = parsed.or_else(|error| error.distill_partial_result(|_| {})) else { continue };
        told.orientation = told.orientation.or_else(|| {
            number(&exif, Tag::Orientation).and_then(|n| Orientation::from_exif(n.try_into().ok()?))
        });
        told.encoding = told.encoding.or_else(|| is_adobe_rgb(&exif).then_some(Encoding::AdobeRgb));
    }
    told
}

/// A number, whatever type its writer gave it.
fn number(exif: &Exif, tag: Tag) -> Option<u32> {
    let value = &exif.get_field(tag, In::PRIMARY)?.value;
    match value {
        // Bytes beside the number's own are zero, in either order.
        Value::Byte(bytes) | Value::Undefined(bytes, _) => {
            bytes.iter().take(4).filter(|b| **b > 0).map(|b| u32::from(*b)).reduce(|n, byte| n << 8 | byte)
        }
        Value::SByte(numbers) => u32::try_from(*numbers.first()?).ok(),
        Value::SShort(numbers) => numbers.first().map(|number| u32::from(*number as u16)),
        Value::SLong(numbers) => numbers.first().map(|number| *number as u32),
        Value::Ascii(texts) => std::str::from_utf8(texts.first()?).ok()?.trim().parse().ok(),
        _ => value.get_uint(0),
    }
}

/// The camera standard (DCF) says "uncalibrated" and names the colours by the interoperability index R03; some writers
/// number the colour space 2 instead.
fn is_adobe_rgb(exif: &Exif) -> bool {
    const UNCALIBRATED: u32 = 0xffff;
    let index = exif.get_field(Tag::InteroperabilityIndex, In::PRIMARY).map(|field| &field.value);
    let text = match index {
        Some(Value::Ascii(texts)) => texts.first(),
        Some(Value::Undefined(bytes, _) | Value::Byte(bytes)) => Some(bytes),
        _ => None,
    };
    let r03 = text.is_some_and(|text| text.starts_with(b"R03"));
    match number(exif, Tag::ColorSpace) {
        Some(2) => true,
        Some(UNCALIBRATED) | None => r03,
        Some(_) => false,
    }
}
