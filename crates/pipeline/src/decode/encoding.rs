//! How the numbers of samples stand for colours.

/// How the samples' numbers stand for colours. A file that says nothing means sRGB.
#[derive(Clone, Debug)]
pub(super) enum Encoding {
    /// sRGB, said outright.
    Srgb,
    /// An embedded ICC profile.
    Icc(Vec<u8>),
    /// Numbers of ITU-T H.273, as PNG's cICP and HEIF's nclx carry them.
    Cicp(Cicp),
    /// A curve, with sRGB's primaries unless others are given.
    Measured(Curve, Option<Chromaticities>),
    /// Adobe RGB (1998), told by EXIF.
    AdobeRgb,
}

/// Primaries and transfer characteristics. Matrix and range are the reader's: its samples are full-range R,
/// G, B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cicp {
    pub primaries: u8,
    pub transfer: u8,
}

/// From sample to light.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Curve {
    Srgb,
    /// Light is the sample to this power.
    Power(f32),
}

/// CIE 1931 x and y of white, red, green and blue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chromaticities(pub [(f32, f32); 4]);

impl Chromaticities {
    /// Whether these are sRGB's, as far as five digits tell.
    pub(super) fn are_srgb(&self) -> bool {
        const SRGB: [(f32, f32); 4] = [(0.3127, 0.329), (0.64, 0.33), (0.3, 0.6), (0.15, 0.06)];
        self.0.iter().zip(SRGB).all(|(a, b)| (a.0 - b.0).abs() < 0.002 && (a.1 - b.1).abs() < 0.002)
    }
}
