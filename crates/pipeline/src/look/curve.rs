//! The tone curve, fitted to the coat.

use crate::plane::smoothstep;

/// A dark coat's shadows come to lie here, in lightness: deep, with detail.
const BLACK_COAT_LOW: f32 = 0.13;
/// A light coat's highlights come to lie here: bright, short of paper white.
const WHITE_COAT_HIGH: f32 = 0.94;
/// The middle of the animal's range is stretched by at most this; more turns noise into texture.
const MOST_STRETCH: f32 = 1.5;
/// Shadows are lifted by at most this factor, so that noise stays where it is.
const MOST_LIFT: f32 = 2.2;

/// A monotone curve on lightness 0..1 with `0 → 0` and `1 → 1`: piecewise cubic through four points with
/// the slopes of Fritsch and Carlson ("Monotone Piecewise Cubic Interpolation", 1980).
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    x: [f32; 4],
    y: [f32; 4],
    slope: [f32; 4],
}

impl Curve {
    /// The curve for a coat whose lightness has these 5th, 50th and 97th percentiles.
    ///
    /// The range between low and high is widened, by at most [`MOST_STRETCH`]; where it comes to lie follows the coat: a
    /// black one stays low, a white one stays high, anything else fills the range between.
    pub fn for_coat(low: f32, middle: f32, high: f32) -> Self {
        let low = low.clamp(0.01, 0.90);
        let high = high.clamp(low + 0.05, 0.985);
        let span = ((high - low) * MOST_STRETCH).min(WHITE_COAT_HIGH - BLACK_COAT_LOW);
        let lightness = smoothstep(0.25, 0.75, middle);
        let lowest = BLACK_COAT_LOW + lightness * (WHITE_COAT_HIGH - span - BLACK_COAT_LOW);
        let to_low = lowest.min(low * MOST_LIFT).max(0.02);
        let to_high = (to_low + span).max(high * 0.9).min(WHITE_COAT_HIGH.max(high));
        Self::through([0.0, low, high, 1.0], [0.0, to_low, to_high.max(to_low + 0.04), 1.0])
    }

    /// The curve that changes nothing.
    #[cfg(test)]
    pub fn identity() -> Self {
        Self::through([0.0, 0.3, 0.7, 1.0], [0.0, 0.3, 0.7, 1.0])
    }

    fn through(x: [f32; 4], y: [f32; 4]) -> Self {
        let secant: [f32; 3] = std::array::from_fn(|i| (y[i + 1] - y[i]) / (x[i + 1] - x[i]));
        let harmonic = |a: f32, b: f32| if a * b > 0.0 { 2.0 * a * b / (a + b) } else { 0.0 };
        // The ends lean on the middle: a real toe and a real shoulder, never steeper than their own secant twice over.
        let end = |outer: f32, inner: f32| (1.5 * outer - 0.5 * inner).clamp(0.0, 2.0 * outer);
        let inner = [harmonic(secant[0], secant[1]), harmonic(secant[1], secant[2])];
        Self { x, y, slope: [end(secant[0], inner[0]), inner[0], inner[1], end(secant[2], inner[1])] }
    }

    /// The curve's value at lightness `v`.
    pub fn at(&self, v: f32) -> f32 {
        let v = v.clamp(0.0, 1.0);
        let i = self.x[1..3].iter().filter(|&&x| v >= x).count();
        let (x0, x1) = (self.x[i], self.x[i + 1]);
        let h = x1 - x0;
        let t = (v - x0) / h;
        let (t2, t3) = (t * t, t * t * t);
        (2.0 * t3 - 3.0 * t2 + 1.0) * self.y[i]
            + (t3 - 2.0 * t2 + t) * h * self.slope[i]
            + (3.0 * t2 - 2.0 * t3) * self.y[i + 1]
            + (t3 - t2) * h * self.slope[i + 1]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_coat_gets_a_monotone_curve_from_black_to_white(a in 0f32..=1.0, b in 0f32..=1.0, c in 0f32..=1.0) {
            let mut p = [a, b, c];
            p.sort_by(f32::total_cmp);
            let curve = Curve::for_coat(p[0], p[1], p[2]);
            prop_assert!(curve.at(0.0).abs() < 1e-6 && (curve.at(1.0) - 1.0).abs() < 1e-6);
            let mut before = -1e-6;
            for i in 0..=500 {
                let v = curve.at(i as f32 / 500.0);
                prop_assert!(v.is_finite() && v >= before - 1e-5, "falls at {i}: {before} to {v} in {curve:?}");
                before = v;
            }
        }
    }

    #[test]
    fn a_black_coat_keeps_detail_and_a_white_one_stays_bright() {
        let black = Curve::for_coat(0.06, 0.15, 0.45);
        assert!((0.10..=0.20).contains(&black.at(0.06)), "{}", black.at(0.06));
        assert!(black.at(0.45) > 0.55);
        let white = Curve::for_coat(0.55, 0.82, 0.96);
        assert!((0.88..=0.96).contains(&white.at(0.96)), "{}", white.at(0.96));
        assert!(white.at(0.55) > 0.25);
    }
}
