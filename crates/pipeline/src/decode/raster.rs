//! What a format's reader hands over.

use super::colour::Encoding;
use super::damage::Damage;
use super::orient::Orientation;

/// A picture as stored: not yet turned upright, not yet in sRGB.
#[derive(Debug)]
pub(super) struct Raster {
    pub width: u32,
    pub height: u32,
    pub samples: Samples,
    /// `width * height` bytes, where the format has transparency. Not premultiplied.
    pub alpha: Option<Vec<u8>>,
    /// What the file says of its colours, the best source first; none: sRGB.
    pub encodings: Vec<Encoding>,
    /// `None`: the file does not say.
    pub orientation: Option<Orientation>,
    /// Places whose pixels were lost.
    pub damage: Vec<Damage>,
}

/// Rows of samples without padding.
#[derive(Debug)]
pub(super) enum Samples {
    Grey(Vec<u8>),
    Rgb(Vec<u8>),
    /// Four bytes a pixel, 0 no ink, 255 full ink.
    Cmyk(Vec<u8>),
    /// 0 to 65,535, whatever depth the file has.
    DeepGrey(Vec<u16>),
    /// 0 to 65,535, whatever depth the file has.
    DeepRgb(Vec<u16>),
}
