//! Places of a photo whose pixels were lost, although the rest of it is there.

/// A rectangle of lost pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Left edge in pixels.
    pub x: u32,
    /// Upper edge in pixels.
    pub y: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Damage {
    /// Which share of `area` pixels is lost, 0 to 1; places that overlap count twice.
    pub(super) fn share(damages: &[Self], area: f64) -> f64 {
        damages.iter().map(|d| f64::from(d.width) * f64::from(d.height)).sum::<f64>() / area
    }
}
