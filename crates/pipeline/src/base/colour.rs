//! Between 8-bit sRGB, linear light and lightness.

/// Weights of linear red, green and blue in luminance as the eye has it (IEC 61966-2-1).
pub const LUMINANCE: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// Steps of the tables. At the steepest point, lightness near black, a step is a fifth of an 8-bit level: no
/// need to interpolate.
pub const STEPS: usize = 4096;

/// Look-up tables between 8-bit sRGB colour and lightness L* in 0..1.
pub struct ToneTables {
    /// Linear light of each 8-bit value times the channel's weight.
    weighted: [[f32; 256]; 3],
    /// Lightness of linear light in `STEPS` steps.
    lightness: Vec<f32>,
}

impl ToneTables {
    /// Tables for a black-and-white mix of linear red, green and blue.
    pub fn new(mix: [f32; 3]) -> Self {
        let weighted = mix.map(|weight| std::array::from_fn(|v| weight * linear(v as f32 / 255.0)));
        let lightness = (0..=STEPS).map(|i| lightness_of(i as f32 / STEPS as f32)).collect();
        Self { weighted, lightness }
    }

    /// Lightness 0..1 of the mix of an sRGB colour.
    #[inline]
    pub fn lightness(&self, [r, g, b]: [u8; 3]) -> f32 {
        let y = self.weighted[0][r as usize] + self.weighted[1][g as usize] + self.weighted[2][b as usize];
        self.lightness[step(y)]
    }
}

/// The nearest entry of a table for a value in 0..1.
#[inline]
pub fn step(v: f32) -> usize {
    (v.clamp(0.0, 1.0) * STEPS as f32 + 0.5) as usize
}

/// sRGB decoding (IEC 61966-2-1).
fn linear(v: f32) -> f32 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// sRGB encoding (IEC 61966-2-1).
pub fn encoded(v: f32) -> f32 {
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

/// CIE 1976 lightness of linear light, both 0..1.
fn lightness_of(y: f32) -> f32 {
    if y <= 216.0 / 24389.0 { y * (24389.0 / 2700.0) } else { 1.16 * y.cbrt() - 0.16 }
}

/// Linear light of a CIE 1976 lightness, both 0..1.
pub fn light_of(l: f32) -> f32 {
    if l <= 0.08 { l * (2700.0 / 24389.0) } else { ((l + 0.16) / 1.16).powi(3) }
}
