//! Zeros where a part of the file did not arrive.

use headshot_core::upload::Format;

/// The smallest block of a disk.
pub(super) const BLOCK: usize = 512;

/// Whether there are zeros where a decoder that failed may have looked for a picture.
pub(super) fn holds_zeros(bytes: &[u8], format: Format) -> bool {
    format == Format::WebP && bytes.split(|byte| *byte != 0).any(|zeros| zeros.len() >= BLOCK)
}

/// Whether the file's end, but for a closing marker, is filled with zeros.
pub(super) fn ends_in_zeros(bytes: &[u8]) -> bool {
    /// The longest end marker of a format, PNG's last chunk.
    const CLOSING: usize = 12;
    let closed = bytes.len().saturating_sub(CLOSING);
    bytes[..closed].iter().rev().take_while(|byte| **byte == 0).count() >= BLOCK
}
