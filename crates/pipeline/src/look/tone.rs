//! Between 8-bit sRGB and lightness, and statistics of lightness.

use super::curve::Curve;
use crate::base::plane::Plane;

/// Steps of the tables. At the steepest point, lightness near black, a step is a fifth of an 8-bit level: no need to
/// interpolate.
const STEPS: usize = 4096;

/// Look-up tables between 8-bit sRGB colour and lightness L* in 0..1.
pub struct ToneTables {
    /// Linear light of each 8-bit value times the channel's weight.
    weighted: [[f32; 256]; 3],
    /// Lightness of linear light in `STEPS` steps.
    lightness: Vec<f32>,
}

/// A curve and the sRGB encoding in one table.
pub struct Finish {
    grey: Vec<u8>,
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

    /// The curve followed by sRGB encoding.
    pub fn finish(&self, curve: &Curve) -> Finish {
        let encode = |i: usize| (255.0 * encoded(light_of(curve.at(i as f32 / STEPS as f32))) + 0.5) as u8;
        Finish { grey: (0..=STEPS).map(encode).collect() }
    }
}

impl Finish {
    /// The 8-bit sRGB grey of a lightness; rounded, never truncated.
    #[inline]
    pub fn grey(&self, lightness: f32) -> u8 {
        self.grey[step(lightness)]
    }
}

/// The nearest entry of a table for a value in 0..1.
#[inline]
fn step(v: f32) -> usize {
    (v.clamp(0.0, 1.0) * STEPS as f32 + 0.5) as usize
}

/// The value below which `share` of the plane's weight lies. 0.5 for a plane without weight.
pub fn percentile(plane: &Plane, weight: &Plane, share: f64) -> f32 {
    let mut histogram = vec![0f64; 1024];
    for (&v, &w) in plane.data.iter().zip(&weight.data) {
        histogram[(v.clamp(0.0, 1.0) * 1023.0) as usize] += f64::from(w);
    }
    let total: f64 = histogram.iter().sum();
    let mut below = 0.0;
    for (i, &mass) in histogram.iter().enumerate() {
        if mass > 0.0 && below + mass >= share * total {
            let within = (share * total - below) / mass;
            return (i as f32 + within as f32) / 1024.0;
        }
        below += mass;
    }
    0.5
}

/// sRGB decoding (IEC 61966-2-1).
fn linear(v: f32) -> f32 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// sRGB encoding (IEC 61966-2-1).
fn encoded(v: f32) -> f32 {
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

/// CIE 1976 lightness of linear light, both 0..1.
fn lightness_of(y: f32) -> f32 {
    if y <= 216.0 / 24389.0 { y * (24389.0 / 2700.0) } else { 1.16 * y.cbrt() - 0.16 }
}

/// Linear light of a CIE 1976 lightness, both 0..1.
fn light_of(l: f32) -> f32 {
    if l <= 0.08 { l * (2700.0 / 24389.0) } else { ((l + 0.16) / 1.16).powi(3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_survives_the_way_there_and_back() {
        let tables = ToneTables::new([0.34, 0.54, 0.12]);
        let plain = tables.finish(&Curve::identity());
        for v in 0..=255u8 {
            assert_eq!(plain.grey(tables.lightness([v, v, v])), v);
        }
    }

    #[test]
    fn percentiles_count_weight_not_pixels() {
        let values = Plane::from_fn(100, 1, |x, _| x as f32 / 100.0);
        let upper_half = Plane::from_fn(100, 1, |x, _| if x >= 50 { 1.0 } else { 0.0 });
        let median = percentile(&values, &upper_half, 0.5);
        assert!((median - 0.75).abs() < 0.02, "{median}");
    }
}
