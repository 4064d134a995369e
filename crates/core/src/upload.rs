//! Looking at an upload while it streams past: what it is, how large it is, and whether all of it arrived.
//!
//! [`Inspector`] is fed chunks as they come and keeps a few bytes of state (of a HEIF file at most its `meta` box),
//! so that the API can hash and store a photo without ever holding it whole. It refuses as soon as it knows: a type
//! by the first bytes, a size by the header, and a file that stops half-way at its end.

mod box_fields;
mod boxes;
mod event;
mod file_kind;
mod format;
mod gather;
mod inspector;
mod item_meta;
mod item_work;
mod jpeg;
mod limits;
mod png;
mod raw;
mod refusal;
mod sniff;
mod webp;
mod zeros;

pub use file_kind::FileKind;
pub use format::Format;
pub use inspector::{Inspector, inspect};
pub use limits::Limits;
pub use refusal::Refusal;

/// What an accepted upload turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// The sniffed format.
    pub format: Format,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Width in pixels as stored (before EXIF orientation); 0 for a camera raw file, whose preview only the decoder looks for.
    pub width: u32,
    /// Height in pixels as stored (before EXIF orientation); 0 as the width is.
    pub height: u32,
}
