//! Looking at an upload while it streams past: what it is, how large it is, and whether all of it arrived.

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

/// What an accepted upload turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// The sniffed format.
    pub format: Format,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Width in pixels as stored (before EXIF orientation).
    pub width: u32,
    /// Height in pixels as stored (before EXIF orientation).
    pub height: u32,
}
