//! The tone curve, fitted to the coat.

use super::parameters::LookParameters;
use crate::base::plane::smoothstep;

/// A monotone curve on lightness 0..1 with `0 → 0` and `1 → 1`: piecewise cubic through four points with
/// the slopes of Fritsch and Carlson ("Monotone Piecewise Cubic Interpolation", 1980).
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    x: [f32; 4],
    y: [f32; 4],
    slope: [f32; 4],
}

impl Curve {
    /// The curve for a coat whose lightness has these 10th, 50th and 95th percentiles.
    ///
    /// The range between low and high is widened, by at most the look's stretch; where it comes to lie follows the coat: a
    /// black one stays low, a white one stays high, anything else fills the range between.
    pub fn for_coat(look: &LookParameters, low: f32, middle: f32, high: f32) -> Self {
        let low = low.clamp(0.01, 0.90);
        let high = high.clamp(low + 0.05, 0.99);
        let room = look.white_coat_high - look.black_coat_low;
        let span = ((high - low) * look.most_stretch).min(room);
        let lightness = smoothstep(0.25, 0.75, middle);
        let lowest = look.black_coat_low + lightness * (look.white_coat_high - span - look.black_coat_low);
        let to_low = lowest.min(low * look.most_lift).max(low * look.least_shadow).max(0.02);
        let to_high = (to_low + span).max(high * 0.9).min(look.white_coat_high.max(high));
        let to_high = to_high.max(to_low + 0.04);
        // A shoulder is never steeper than the straight part below it: highlights are not torn apart.
        let (below, above) = (high - low, 1.0 - high);
        let to_high = to_high.max((below + above * to_low) / (below + above)).min(0.995);
        Self::through([0.0, low, high, 1.0], [0.0, to_low, to_high, 1.0])
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
    use headshot_core::Look;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_coat_gets_a_monotone_curve_with_a_shoulder(a in 0f32..=1.0, b in 0f32..=1.0, c in 0f32..=1.0) {
            let mut p = [a, b, c];
            p.sort_by(f32::total_cmp);
            for look in Look::ALL {
                let curve = Curve::for_coat(&LookParameters::of(look), p[0], p[1], p[2]);
                prop_assert!(curve.at(0.0).abs() < 1e-6 && (curve.at(1.0) - 1.0).abs() < 1e-6);
                let values: Vec<f32> = (0..=1000).map(|i| curve.at(i as f32 / 1000.0)).collect();
                let slopes: Vec<f32> = values.windows(2).map(|v| (v[1] - v[0]) * 1000.0).collect();
                prop_assert!(values.iter().all(|v| v.is_finite()));
                prop_assert!(slopes.iter().all(|&s| s >= -1e-2), "falls: {curve:?}");
                let (low, high) = ((curve.x[1] * 1000.0) as usize, (curve.x[2] * 1000.0) as usize);
                let straight = slopes[low..high].iter().copied().fold(0.0, f32::max);
                let shoulder = slopes[(high + 1).min(999)..].iter().copied().fold(0.0, f32::max);
                prop_assert!(shoulder <= straight * 1.02 + 0.02, "{shoulder} over {straight}: {curve:?}");
            }
        }
    }

    #[test]
    fn a_black_coat_keeps_detail_and_a_white_one_stays_bright() {
        let house = LookParameters::of(Look::House);
        let black = Curve::for_coat(&house, 0.07, 0.15, 0.42);
        assert!((0.12..=0.20).contains(&black.at(0.07)), "{}", black.at(0.07));
        assert!(black.at(0.42) > 0.55);
        let white = Curve::for_coat(&house, 0.55, 0.82, 0.95);
        assert!((0.88..=0.95).contains(&white.at(0.95)), "{}", white.at(0.95));
        assert!(white.at(0.55) > 0.25);
    }

    #[test]
    fn soft_is_flatter_and_dramatic_steeper_than_the_house() {
        let [house, soft, dramatic] =
            Look::ALL.map(|look| Curve::for_coat(&LookParameters::of(look), 0.2, 0.45, 0.7));
        let contrast = |curve: &Curve| curve.at(0.7) - curve.at(0.2);
        assert!(contrast(&soft) < contrast(&house) && contrast(&house) < contrast(&dramatic));
    }
}
