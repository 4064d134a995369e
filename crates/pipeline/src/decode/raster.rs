//! What a format's reader hands over.

use super::orient::Orientation;

/// A picture as stored: not yet turned upright, not yet in sRGB.
#[derive(Debug)]
pub(super) struct Raster {
    pub width: u32,
    pub height: u32,
    pub samples: Samples,
    /// `width * height` bytes, where the format has transparency. Not premultiplied.
    pub alpha: Option<Vec<u8>>,
    pub encoding: Encoding,
    pub orientation: Orientation,
}

/// Rows of 8-bit samples without padding.
#[derive(Debug)]
pub(super) enum Samples {
    Grey(Vec<u8>),
    Rgb(Vec<u8>),
    /// Four bytes a pixel, 0 no ink, 255 full ink.
    Cmyk(Vec<u8>),
}

/// How the samples' numbers stand for colours.
#[derive(Debug)]
pub(super) enum Encoding {
    /// sRGB, or nothing was said.
    Srgb,
    /// An embedded ICC profile.
    Icc(Vec<u8>),
    /// The primaries' number of ITU-T H.273, with sRGB's curve.
    Primaries(u8),
}
