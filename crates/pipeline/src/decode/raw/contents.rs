//! The pictures that a camera raw file holds.

/// Pictures looked at, and the same again for directories; cameras write at most six.
pub(super) const MOST: usize = 64;

/// What a file says of the pictures in it.
#[derive(Debug, Default)]
pub(super) struct Contents<'a> {
    /// What begins where a JPEG is said to be, up to its end or the file's.
    pub(super) jpegs: Vec<&'a [u8]>,
    /// How the camera was held, as EXIF has it.
    pub(super) orientation: Option<u16>,
    /// Whether something is said to be behind the end of the file.
    pub(super) cut: bool,
}

impl<'a> Contents<'a> {
    /// Takes the picture of `length` bytes at `offset` of the file.
    pub(super) fn add(&mut self, file: &'a [u8], offset: usize, length: usize) {
        let end = offset.saturating_add(length);
        self.cut |= end > file.len();
        if let Some(jpeg) = file.get(offset..end.min(file.len()))
            && self.jpegs.len() < MOST
        {
            self.jpegs.push(jpeg);
        }
    }
}
