//! The directories of a TIFF, and the JPEGs that they point at.

use super::contents::{Contents, MOST};

/// Bytes of an entry: tag, type, count, and a value or where the values are.
const ENTRY: usize = 12;

/// Bytes of the header: byte order, magic number, and where the first directory is.
const HEADER: usize = 8;

/// Everything that a TIFF says of its JPEGs; of a broken one, what can be read.
pub(super) fn contents(bytes: &[u8]) -> Contents<'_> {
    let mut contents = Contents { orientation: orientation(bytes), ..Contents::default() };
    let Some((tiff, first)) = Tiff::open(bytes) else { return contents };
    // Directories may name each other in a circle.
    let mut known = vec![first];
    let mut next = 0;
    while let Some(at) = known.get(next).copied() {
        next += 1;
        match tiff.directory(at) {
            Some(directory) => {
                for at in directory.children.iter().copied().filter(|at| *at > 0) {
                    if known.len() < MOST && !known.contains(&at) {
                        known.push(at);
                    }
                }
                contents.cut |= directory.cut;
                directory.previews().for_each(|(offset, length)| contents.add(bytes, offset, length));
            }
            None => contents.cut = true,
        }
    }
    contents
}

/// How the picture must be turned, as the first directory has it.
pub(super) fn orientation(bytes: &[u8]) -> Option<u16> {
    let (tiff, first) = Tiff::open(bytes)?;
    u16::try_from(tiff.directory(first)?.orientation?).ok()
}

struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
    /// Panasonic's tags below 0x100 are its own.
    panasonic: bool,
}

/// What is asked of a directory.
#[derive(Default)]
struct Directory {
    subfile: Option<usize>,
    compression: Option<usize>,
    photometric: Option<usize>,
    /// Whether the tables of the JPEG are kept elsewhere, so that it is none by itself.
    tables: bool,
    /// Where the picture is, if it is in one piece.
    strip: Option<usize>,
    strip_length: Option<usize>,
    jpeg: Option<usize>,
    jpeg_length: Option<usize>,
    /// Panasonic's preview.
    jpeg_from_raw: Option<(usize, usize)>,
    orientation: Option<usize>,
    /// Where further directories are: the next one, and those within this one.
    children: Vec<usize>,
    /// Whether the list of those within this one is behind the end of the file.
    cut: bool,
}

impl<'a> Tiff<'a> {
    /// With the place of the first directory.
    fn open(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let little = match bytes.get(..HEADER)? {
            [b'I', b'I', ..] => true,
            [b'M', b'M', ..] => false,
            _ => return None,
        };
        let tiff = Self { bytes, little, panasonic: bytes.starts_with(b"IIU\0") };
        let first = tiff.number(4, 4)?;
        Some((tiff, first))
    }

    /// The number in `length` bytes, 1, 2 or 4.
    fn number(&self, at: usize, length: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..at.checked_add(length)?)?;
        let add = |number: usize, byte: &u8| number << 8 | usize::from(*byte);
        Some(if self.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    }

    /// `None` where it does not lie in the file.
    fn directory(&self, at: usize) -> Option<Directory> {
        let mut directory = Directory::default();
        let count = self.number(at, 2)?;
        let entries = at.checked_add(2)?;
        for entry in (0..count).map(|index| entries + index * ENTRY) {
            self.take(&mut directory, entry)?;
        }
        directory.children.extend(self.number(entries + count * ENTRY, 4));
        Some(directory)
    }

    fn take(&self, directory: &mut Directory, entry: usize) -> Option<()> {
        let (tag, kind, count) =
            (self.number(entry, 2)?, self.number(entry + 2, 2)?, self.number(entry + 4, 4)?);
        let field = entry + 8;
        // Only numbers without a sign are asked for: BYTE, SHORT, LONG and IFD.
        let size = match kind {
            1 => 1,
            3 => 2,
            _ => 4,
        };
        let one = self.number(field, size);
        let only = one.filter(|_| count == 1);
        match tag {
            0x002e if self.panasonic => directory.jpeg_from_raw = Some((self.number(field, 4)?, count)),
            0x00fe => directory.subfile = one,
            0x0103 => directory.compression = one,
            0x0106 => directory.photometric = one,
            0x0111 => directory.strip = only,
            0x0117 => directory.strip_length = only,
            0x0112 => directory.orientation = one,
            0x014a => {
                let at = if count == 1 { field } else { self.number(field, 4)? };
                let several = (0..count.min(MOST)).map(|index| self.number(at.checked_add(index * 4)?, 4));
                let several: Option<Vec<usize>> = several.collect();
                directory.cut |= several.is_none();
                directory.children.extend(several.unwrap_or_default());
            }
            0x015b => directory.tables = true,
            0x0201 => directory.jpeg = one,
            0x0202 => directory.jpeg_length = one,
            _ => {}
        }
        Some(())
    }
}

impl Directory {
    /// Offset and length of what may be a JPEG to look at.
    fn previews(&self) -> impl Iterator<Item = (usize, usize)> {
        let jpeg = self.jpeg.map(|at| (at, self.jpeg_length.unwrap_or(usize::MAX)));
        // A strip is a preview where it is compressed as JPEG and shows colours or, being said to be a
        // preview, greys: neither a mosaic, nor a mask or the depth of the picture. Canon says no colours of
        // its own.
        let compressed = matches!(self.compression, Some(6 | 7)) && !self.tables;
        let smaller = matches!(self.subfile, Some(1 | 0x1_0001));
        let looked_at = match (self.subfile, self.photometric) {
            (Some(4..), _) if !smaller => false,
            (_, None | Some(2 | 6)) => true,
            (_, Some(0 | 1)) => smaller,
            _ => false,
        };
        let strip = self.strip.zip(self.strip_length).filter(|_| compressed && looked_at);
        [jpeg, strip, self.jpeg_from_raw].into_iter().flatten()
    }
}
