//! What a file is, by its first bytes and never by what it is called.

use super::Format;
use super::gather::be;

/// No magic looked for here needs more than this; a longer list of brands is cut.
pub(super) const PREFIX: usize = 64;

/// What the first bytes say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Photo(Format),
    /// Something else; named where it is known.
    Other(Option<&'static str>),
}

/// Decides from `head`, the first bytes of the file. `None` asks for more; with [`PREFIX`] bytes, or at the end of the
/// file (`all`), the answer is final.
pub(super) fn sniff(head: &[u8], all: bool) -> Option<Kind> {
    let last = all || head.len() >= PREFIX;
    if head.starts_with(&[0xff, 0xd8, 0xff]) {
        return Some(Kind::Photo(Format::Jpeg));
    }
    if head.starts_with(PNG) {
        return Some(Kind::Photo(Format::Png));
    }
    if head.starts_with(b"RIFF") && head.len() >= 12 {
        return Some(match &head[8..12] {
            b"WEBP" => Kind::Photo(Format::WebP),
            b"AVI " => Kind::Other(Some("a video")),
            _ => Kind::Other(None),
        });
    }
    if head.len() >= 8 && &head[4..8] == b"ftyp" {
        let wanted = (be(&head[..4]) as usize).clamp(16, PREFIX);
        if head.len() < wanted && !last {
            return None;
        }
        return Some(brand(&head[8..head.len().min(wanted)]));
    }
    if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(Kind::Other(Some(name)));
    }
    if !last {
        return None;
    }
    // A stump of a photo is a photo that was cut off, not a file of another type.
    if head.len() < 12 && !head.is_empty() {
        let stump = |magic: &[u8], format| (magic.starts_with(head)).then_some(Kind::Photo(format));
        if let Some(kind) = stump(&[0xff, 0xd8, 0xff], Format::Jpeg).or_else(|| stump(PNG, Format::Png)) {
            return Some(kind);
        }
    }
    Some(Kind::Other(text(head)))
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

const OTHERS: &[(&[u8], &str)] = &[
    (b"GIF87a", "a GIF"),
    (b"GIF89a", "a GIF"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF or camera raw file"),
    (b"MM\0*", "a TIFF or camera raw file"),
    (b"II+\0", "a TIFF or camera raw file"),
    (b"MM\0+", "a TIFF or camera raw file"),
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"8BPS", "a Photoshop file"),
    (b"\0\0\x01\0", "an icon"),
    (b"\0\0\0\x0cJXL \r\n", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  \r\n", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound or video file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"<svg", "an SVG drawing"),
    (b"<!DOCTYPE", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<HTML", "a web page"),
];

/// `brands`: major brand, version, compatible brands of an ISO base media file.
fn brand(brands: &[u8]) -> Kind {
    let major = brands.get(..4).unwrap_or_default();
    let compatible = brands.get(8..).unwrap_or_default().chunks_exact(4);
    let mut all = std::iter::once(major).chain(compatible);
    match major {
        b"avif" | b"avis" => return Kind::Photo(Format::Avif),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => {
            return Kind::Photo(Format::Heif);
        }
        b"qt  " | b"isom" | b"iso2" | b"mp41" | b"mp42" | b"M4V " | b"3gp4" | b"3gp5" | b"avc1" => {
            return Kind::Other(Some("a video"));
        }
        b"crx " => return Kind::Other(Some("a camera raw file")),
        b"jxl " => return Kind::Other(Some("a JPEG XL picture")),
        _ => {}
    }
    if all.clone().any(|brand| matches!(brand, b"avif" | b"avis")) {
        return Kind::Photo(Format::Avif);
    }
    let heif = all.any(|brand| {
        matches!(
            brand,
            b"mif1" | b"mif2" | b"msf1" | b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx"
        )
    });
    if heif { Kind::Photo(Format::Heif) } else { Kind::Other(None) }
}

fn text(head: &[u8]) -> Option<&'static str> {
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    (!head.is_empty()
        && head.iter().all(printable)
        && std::str::from_utf8(&head[..head.len().min(32)]).is_ok())
    .then_some("a text file")
}
