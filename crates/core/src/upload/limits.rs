use super::Refusal;

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
    /// Room for every photo a phone takes today, its panoramas (16,000 × 600 and more) included: 50 MB, 100
    /// megapixels, 20,000 pixels on the long side. Below 64 pixels on the short side there is no picture of
    /// anything.
    fn default() -> Self {
        Self { bytes: Self::BYTES, pixels: 100_000_000, long_edge: 20_000, min_short_edge: 64 }
    }
}

impl Limits {
    /// The largest file that is taken by default.
    pub const BYTES: u64 = 50_000_000;

    /// Whether a picture of these sides is acceptable; `Err` says why not. A side of zero is the caller's to
    /// refuse.
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
