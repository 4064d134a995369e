//! What a file is, by its first bytes and never by what it is called.

use super::gather::{be, le};
use super::{FileKind, Format};

/// No magic looked for here needs more than this; a longer list of brands, or name in an archive, is cut.
pub(super) const PREFIX: usize = 512;

/// What the first bytes say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Photo(Format),
    /// Something else.
    Other(Option<FileKind>),
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
            b"AVI " => Kind::Other(Some(FileKind::Video)),
            b"WAVE" => Kind::Other(Some(FileKind::Sound)),
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
    if RAWS.iter().any(|magic| head.starts_with(magic)) {
        return Some(Kind::Photo(Format::Raw));
    }
    if head.starts_with(b"PK\x03\x04") {
        return zip(head, last).map(|kind| Kind::Other(Some(kind)));
    }
    // A film of QuickTime's early days begins with any of its boxes.
    if head.len() >= 8 && matches!(&head[4..8], b"moov" | b"mdat" | b"wide" | b"pnot" | b"free" | b"skip") {
        return Some(Kind::Other(Some(FileKind::Video)));
    }
    if let Some((_, kind)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(Kind::Other(Some(*kind)));
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
    Some(Kind::Other(packets(head).or_else(|| text(head))))
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// TIFFs, which may be raw files or not, and raw files that have a number of their own: Olympus, Panasonic, Fujifilm.
const RAWS: &[&[u8]] = &[b"II*\0", b"MM\0*", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW"];

const OTHERS: &[(&[u8], FileKind)] = &[
    (b"GIF87a", FileKind::Gif),
    (b"GIF89a", FileKind::Gif),
    (b"BM", FileKind::Bmp),
    (b"II+\0", FileKind::Tiff),
    (b"MM\0+", FileKind::Tiff),
    (b"II\x1a\0\0\0HEAP", FileKind::OtherRaw),
    (b"\0MRM", FileKind::OtherRaw),
    (b"FOVb", FileKind::OtherRaw),
    (b"II\xbc", FileKind::JpegXr),
    (b"%PDF-", FileKind::Pdf),
    (b"%!PS", FileKind::PostScript),
    (b"\xc5\xd0\xd3\xc6", FileKind::PostScript),
    (b"8BPS", FileKind::Layers),
    (b"gimp xcf", FileKind::Layers),
    (b"\0\0\x01\0", FileKind::Icon),
    (b"\0\0\0\x0cJXL \r\n", FileKind::JpegXl),
    (b"\xff\x0a", FileKind::JpegXl),
    (b"\0\0\0\x0cjP  \r\n", FileKind::Jpeg2000),
    (b"\xff\x4f\xff\x51", FileKind::Jpeg2000),
    (b"\x1a\x45\xdf\xa3", FileKind::Video),
    (b"\0\0\x01\xba", FileKind::Video),
    (b"FLV\x01", FileKind::Video),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", FileKind::Video),
    (b"OggS", FileKind::Video),
    (b"ID3", FileKind::Sound),
    (b"#!AMR", FileKind::Sound),
    (b"fLaC", FileKind::Sound),
    (b"\xff\xfb", FileKind::Sound),
    (b"\xff\xf3", FileKind::Sound),
    (b"\xff\xf2", FileKind::Sound),
    (b"PK\x05\x06", FileKind::Zip),
    (b"\x1f\x8b", FileKind::Archive),
    (b"\xfd7zXZ\0", FileKind::Archive),
    (b"\x28\xb5\x2f\xfd", FileKind::Archive),
    (b"BZh", FileKind::Archive),
    (b"7z\xbc\xaf\x27\x1c", FileKind::Archive),
    (b"Rar!", FileKind::Archive),
    (b"\0\x05\x16\x07", FileKind::AppleDouble),
    (b"bplist00", FileKind::PropertyList),
    (b"\x7fELF", FileKind::Program),
    (b"MZ", FileKind::Program),
];

/// What an archive is by the name of its first file. `None`: the name has not come yet.
fn zip(head: &[u8], last: bool) -> Option<FileKind> {
    /// Where the name begins in the header of a file.
    const NAME: usize = 30;
    let length = head.get(26..28).map_or(0, |length| le(length) as usize);
    let end = (NAME + length).min(PREFIX);
    if head.len() < end && !last {
        return None;
    }
    let name = head.get(NAME..end.min(head.len())).unwrap_or_default().to_ascii_lowercase();
    let ends = |endings: &[&[u8]]| endings.iter().any(|ending| name.ends_with(ending));
    let pictures: &[&[u8]] = &[b".heic", b".heif", b".jpg", b".jpeg", b".mov", b".mp4", b".png", b".dng"];
    // What a Live Photo's folder is called on a Mac.
    let live = name.windows(5).any(|part| part == b".pvt/");
    Some(if live || ends(pictures) { FileKind::PackedPhoto } else { FileKind::Zip })
}

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
        b"crx " => return Kind::Photo(Format::Raw),
        b"jxl " => return Kind::Other(Some(FileKind::JpegXl)),
        b"M4A " | b"M4B " | b"M4P " => return Kind::Other(Some(FileKind::Sound)),
        _ => {}
    }
    if all.clone().any(|brand| matches!(brand, b"avif" | b"avis")) {
        return Kind::Photo(Format::Avif);
    }
    let heif = all.clone().any(|brand| {
        matches!(
            brand,
            b"mif1" | b"mif2" | b"msf1" | b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx"
        )
    });
    if heif {
        return Kind::Photo(Format::Heif);
    }
    let named = [b"qt  ", b"avc1", b"dash", b"f4v ", b"MSNV", b"NDSC", b"XAVC", b"caqv", b"mmp4", b"nvr1"];
    let video = |brand: &[u8]| {
        let series = [&b"M4V"[..], b"iso", b"mp4", b"3g"];
        named.iter().any(|name| brand == *name) || series.iter().any(|start| brand.starts_with(start))
    };
    Kind::Other(all.any(video).then_some(FileKind::Video))
}

/// Recognises MPEG transport streams (also with the four bytes of M2TS before each packet) and tar archives.
fn packets(head: &[u8]) -> Option<FileKind> {
    let packet = |at: usize, length: usize| (0..2).all(|i| head.get(at + i * length) == Some(&0x47));
    if packet(0, 188) || packet(4, 192) {
        return Some(FileKind::Video);
    }
    (head.get(257..262) == Some(b"ustar")).then_some(FileKind::Archive)
}

fn text(head: &[u8]) -> Option<FileKind> {
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    let text =
        |part: &[u8]| part.iter().all(printable) && std::str::from_utf8(&part[..part.len().min(32)]).is_ok();
    let lower = head.to_ascii_lowercase();
    let has = |word: &[u8]| lower.windows(word.len()).any(|part| part == word);
    // Behind a blank, a line or the mark of UTF-8, as in what is written by hand.
    let start = lower.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&lower).trim_ascii_start();
    if start.starts_with(b"%pdf-") {
        return Some(FileKind::Pdf);
    }
    if start.starts_with(b"--") && has(b"content-disposition") {
        return Some(FileKind::Form);
    }
    if head.is_empty() || !text(head) {
        return None;
    }
    Some(match start.starts_with(b"<") {
        true if has(b"<svg") || has(b"<!doctype svg") => FileKind::Svg,
        true if has(b"<html") || has(b"<!doctype html") => FileKind::WebPage,
        true if has(b"<?xml") || has(b"<x:xmpmeta") || has(b"<plist") => FileKind::Xml,
        _ => FileKind::Text,
    })
}
