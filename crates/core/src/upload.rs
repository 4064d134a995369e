//! Looking at an upload while it streams past: what it is, how large it is, and whether all of it arrived.
//!
//! [`Inspector`] is fed chunks as they come and keeps a few bytes of state (of a HEIF file at most its `meta` box),
//! so that the API can hash and store a photo without ever holding it whole. It refuses as soon as it knows: a type
//! by the first bytes, a size by the header, and a file that stops half-way at its end.

mod box_fields;
mod boxes;
mod event;
mod file_kind;
mod gather;
mod inspector;
mod item_meta;
mod item_work;
mod jpeg;
mod png;
mod raw;
mod refusal;
mod sniff;
mod webp;
mod zeros;

pub use file_kind::FileKind;
pub use inspector::{Inspector, inspect};
pub use refusal::Refusal;

/// The photo formats the service takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG, any colour model.
    Jpeg,
    /// PNG, any bit depth; of an animated one the first frame.
    Png,
    /// WebP, lossy or lossless; of an animated one the first frame.
    WebP,
    /// HEIC/HEIF, as iPhones write it.
    Heif,
    /// AVIF.
    Avif,
    /// A camera raw file (DNG, NEF, ARW, CR2, CR3, RAF, …), of which the preview is taken that the camera stored in it.
    Raw,
}

impl Format {
    /// The media type, for the stored original's `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Heif => "image/heic",
            Self::Avif => "image/avif",
            // No maker's own type says it of all of them; this one is what desktops use.
            Self::Raw => "image/x-dcraw",
        }
    }

    /// The name a customer knows it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Heif => "HEIC",
            Self::Avif => "AVIF",
            Self::Raw => "camera raw",
        }
    }
}

/// What an upload may be at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Width × height as the header claims it.
    pub pixels: u64,
    /// The longer side in pixels.
    pub long_edge: u32,
    /// The shorter side must have at least this many pixels.
    pub min_short_edge: u32,
}

impl Default for Limits {
    /// Room for every photo a phone takes today, its panoramas (16,000 × 600 and more) included: 50 MB, 100 megapixels,
    /// 20,000 pixels on the long side. Below 64 pixels on the short side there is no picture of anything.
    fn default() -> Self {
        Self { bytes: 50_000_000, pixels: 100_000_000, long_edge: 20_000, min_short_edge: 64 }
    }
}

impl Limits {
    /// Whether a picture of these sides is acceptable; `Err` says why not. A side of zero is the caller's to refuse.
    pub fn check_size(&self, width: u32, height: u32) -> Result<(), Refusal> {
        if u64::from(width) * u64::from(height) > self.pixels {
            return Err(Refusal::TooManyPixels { width, height, limit: self.pixels });
        }
        if width.max(height) > self.long_edge || width.min(height) < self.min_short_edge {
            return Err(Refusal::BadShape {
                width,
                height,
                long_edge: self.long_edge,
                min_short_edge: self.min_short_edge,
            });
        }
        Ok(())
    }
}

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
