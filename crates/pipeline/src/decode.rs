//! Bytes to an upright photo in sRGB.
//!
//! Every format goes the same way: a reader of its own gives a raster (samples, what they mean, orientation), then
//! colours are converted to sRGB, hidden colours under transparency are covered, and the picture is turned
//! upright. Each step works in place or on one row at a time; only turning by 90° needs a second picture.

mod alpha;
mod colour;
mod damage;
mod encoding;
mod exif;
mod heif;
mod jpeg;
mod orient;
mod png;
mod raster;
mod raw;
mod read_error;
mod webp;
mod zeros;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use headshot_core::upload::{self, Format, Inspected, Limits, Refusal};
use raster::Raster;
use read_error::ReadError;
use zeros::{ends_in_zeros, holds_zeros};

pub use damage::Damage;

/// An upright photo in sRGB.
#[derive(Clone, PartialEq, Eq)]
pub struct Photo {
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// `height` rows of `width` pixels of R, G, B; sRGB, 8 bits, without padding. Where the input was transparent the
    /// colour is blended over mid-grey, so that what was hidden stays hidden.
    pub rgb: Vec<u8>,
    /// The input's own transparency, `width * height` bytes, 255 opaque; `None` when all of it is opaque.
    pub alpha: Option<Vec<u8>>,
    /// What the photo came as.
    pub format: Format,
    /// Width and height as stored in the file, before it was turned upright.
    pub stored: (u32, u32),
    /// Places of the upright photo whose pixels were lost; the decoder filled them with something.
    pub damage: Vec<Damage>,
}

impl Photo {
    /// Width and height, as places are measured.
    pub(crate) fn size(&self) -> (f64, f64) {
        (f64::from(self.width), f64::from(self.height))
    }

    /// Columns and rows.
    pub(crate) fn pixels(&self) -> (usize, usize) {
        (self.width as usize, self.height as usize)
    }
}

/// Without the pixels: a customer's picture has no place in a log.
impl fmt::Debug for Photo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { width, height, rgb: _, alpha, format, stored, damage } = self;
        f.debug_struct("Photo")
            .field("size", &(width, height))
            .field("alpha", &alpha.is_some())
            .field("format", format)
            .field("stored", stored)
            .field("damage", damage)
            .finish_non_exhaustive()
    }
}

/// What [`decode`] accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Width × height. What is allocated follows from it: at most about six bytes a pixel at a time, of deep
    /// pictures (more than 8 bits a sample) that must be converted fifteen.
    pub pixels: u64,
    /// The longer side in pixels.
    pub long_edge: u32,
}

impl Default for DecodeLimits {
    /// The API's limits on uploads.
    fn default() -> Self {
        Limits::default().into()
    }
}

impl From<Limits> for DecodeLimits {
    fn from(limits: Limits) -> Self {
        Self { bytes: limits.bytes, pixels: limits.pixels, long_edge: limits.long_edge }
    }
}

impl DecodeLimits {
    fn limits(self) -> Limits {
        Limits { bytes: self.bytes, pixels: self.pixels, long_edge: self.long_edge, min_short_edge: 1 }
    }
}

/// Why a file gives no photo. `Display` is the sentence the customer reads. Trying again would not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The file is of another type, too large, cut off or has no readable structure.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The decoder gave up on the data.
    #[error("The {} photo is damaged or of a kind we cannot open. Please send another copy, best as JPEG.", format.name())]
    Undecodable {
        /// The sniffed format.
        format: Format,
        /// What the decoder said; for the log.
        detail: String,
    },
}

impl DecodeError {
    /// A stable name in snake case, the same as the API's where the API could have known.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Undecodable { .. } => "undecodable_image",
        }
    }

    /// What the decoder said, for the log.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Refused(_) => None,
            Self::Undecodable { detail, .. } => Some(detail),
        }
    }
}

/// Decodes a JPEG, PNG, WebP, HEIC or AVIF file, of an animated one the first frame, or the preview in a camera raw file.
///
/// Limits are checked on the header before any pixel is allocated. EXIF orientation (for HEIC and AVIF the file's own
/// transformations) is applied, colours are converted to sRGB. A profile that cannot be read is ignored.
///
/// # Errors
/// [`Refusal::Truncated`] when a part of the picture is missing, whether the file ends or is filled with zeros.
pub fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Photo, DecodeError> {
    let limits = limits.limits();
    let inspected = upload::inspect(bytes, limits)?;
    let format = inspected.format;
    let raster = match contain(format, || read(bytes, inspected, limits)) {
        // What cannot be read for want of data did not arrive: some file systems and transfers leave zeros in its place.
        Err(DecodeError::Undecodable { .. }) if ends_in_zeros(bytes) || holds_zeros(bytes, format) => {
            return Err(Refusal::Truncated { format }.into());
        }
        read => read?,
    };
    contain(format, || Ok(finish(raster, format)))
}

fn read(bytes: &[u8], inspected: Inspected, limits: Limits) -> Result<Raster, ReadError> {
    match inspected.format {
        Format::Jpeg => jpeg::read(bytes, limits),
        Format::Png => png::read(bytes, limits),
        Format::WebP => webp::read(bytes, limits),
        Format::Heif | Format::Avif => heif::read(bytes, limits),
        Format::Raw => raw::read(bytes, limits),
    }
}

fn finish(raster: Raster, format: Format) -> Photo {
    let stored = (raster.width, raster.height);
    let orientation = raster.orientation.unwrap_or_default();
    let damage = raster.damage.iter().map(|damage| orientation.upright_damage(*damage, stored)).collect();
    let (mut rgb, alpha) = colour::to_srgb(raster);
    let alpha = alpha.filter(|alpha| alpha.iter().any(|value| *value != u8::MAX));
    if let Some(alpha) = &alpha {
        alpha::cover_hidden(&mut rgb, alpha);
    }
    let rgb = orient::upright::<3>(rgb, stored, orientation);
    let alpha = alpha.map(|alpha| orient::upright::<1>(alpha, stored, orientation));
    let (width, height) = orientation.upright_size(stored);
    Photo { width, height, rgb, alpha, format, stored, damage }
}

/// A decoder that panics on hostile bytes has failed on that file, and on nothing else.
fn contain<T>(format: Format, work: impl FnOnce() -> Result<T, ReadError>) -> Result<T, DecodeError> {
    let undecodable = |detail| DecodeError::Undecodable { format, detail };
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(ReadError::Refused(refusal))) => Err(refusal.into()),
        Ok(Err(ReadError::Decoder(detail))) => Err(undecodable(detail)),
        Err(_) => Err(undecodable("the decoder panicked".to_owned())),
    }
}
