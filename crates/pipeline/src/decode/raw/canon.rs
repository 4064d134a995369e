//! CR3: an ISO base media file, with a preview of 1620 × 1080 in a box of Canon's and a JPEG of full size as
//! a track.

use super::contents::Contents;
use super::tiff;

/// The box that holds the preview.
const PREVIEW: &[u8] = b"\xea\xf4\x2b\x5e\x1c\x98\x4b\x88\xb9\xfb\xb7\xdc\x40\x6e\x4d\x16";

/// The box that holds the metadata.
const METADATA: &[u8] = b"\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48";

/// Everything that the boxes say of JPEGs.
pub(super) fn contents(file: &[u8]) -> Contents<'_> {
    let mut walk = Walk { file, contents: Contents::default(), place: None, length: None };
    walk.boxes(file, 0);
    walk.contents
}

struct Walk<'a> {
    file: &'a [u8],
    contents: Contents<'a>,
    /// Where the first sample of the track at hand is, and how long.
    place: Option<usize>,
    length: Option<usize>,
}

impl<'a> Walk<'a> {
    fn boxes(&mut self, mut rest: &'a [u8], depth: usize) {
        /// moov, trak, mdia, minf, stbl, and what is in it.
        const DEEPEST: usize = 6;
        while let Some((kind, content, behind)) = self.next(rest) {
            rest = behind;
            match kind {
                b"moov" | b"trak" | b"mdia" | b"minf" if depth < DEEPEST => self.boxes(content, depth + 1),
                b"stbl" if depth < DEEPEST => {
                    (self.place, self.length) = (None, None);
                    self.boxes(content, depth + 1);
                    // Tracks of the sensor's data are no JPEGs, which is seen by their first bytes.
                    if let (Some(place), Some(length)) = (self.place, self.length) {
                        self.contents.add(self.file, place, length);
                    }
                }
                b"stsz" => {
                    self.length =
                        number(content, 4, 4).filter(|one| *one > 0).or_else(|| number(content, 12, 4));
                }
                b"stco" => self.place = number(content, 8, 4),
                b"co64" => self.place = number(content, 8, 8),
                b"uuid" if depth < DEEPEST => match content.split_at_checked(PREVIEW.len()) {
                    Some((METADATA, children)) => self.boxes(children, depth + 1),
                    // Eight bytes come before its only child.
                    Some((PREVIEW, children)) => self.boxes(children.get(8..).unwrap_or_default(), depth + 1),
                    _ => {}
                },
                b"CMT1" => self.contents.orientation = tiff::orientation(content),
                // Sizes come before the picture.
                b"PRVW" => self.contents.add(content, 16, content.len().saturating_sub(16)),
                _ => {}
            }
        }
    }

    /// The next box's type and content, and what follows it.
    fn next(&mut self, bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
        let kind = bytes.get(4..8)?;
        let (header, size) = match number(bytes, 0, 4)? {
            0 => (8, bytes.len()),
            1 => (16, number(bytes, 8, 8)?),
            size => (8, size),
        };
        if size < header {
            return None;
        }
        self.contents.cut |= size > bytes.len();
        let (this, behind) = bytes.split_at(size.min(bytes.len()));
        Some((kind, this.get(header..)?, behind))
    }
}

/// The big-endian number in `length` bytes, 8 at most.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + length)?;
    usize::try_from(bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))).ok()
}
