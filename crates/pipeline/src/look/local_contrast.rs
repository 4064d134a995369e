//! Local contrast: fur gains relief, outlines gain no halo.

use crate::base::plane::Plane;

/// The window's radius as a share of the head's height: large enough for curls and folds, smaller than an eye socket.
const RADIUS: f32 = 0.045;
/// Variations of lightness well below √ε are relief and are raised, those well above are outlines and stay.
const EPSILON: f32 = 0.005;
/// Lightness with its relief raised, as `slope · lightness + offset`.
///
/// Relief is what lies over a smooth tone that keeps outlines: the self-guided filter (He 2013) with alpha-weighted windows,
/// so that the room behind the animal has no say. At outlines, where that filter follows lightness, nothing is raised.
pub struct LocalContrast {
    /// Slope of the local model, 1 or more.
    pub slope: Plane,
    /// Offset of the local model.
    pub offset: Plane,
}

impl LocalContrast {
    /// Fits the local model. `head_height` is in samples of the planes, `gain` how many times relief is raised.
    pub fn analyse(lightness: &Plane, alpha: &Plane, head_height: f32, gain: f32) -> Self {
        let radius = ((head_height * RADIUS).round() as usize).max(2);
        let weight = alpha.box_mean(radius);
        let mean =
            |p: &Plane| p.zip(alpha, |v, a| v * a).box_mean(radius).zip(&weight, |s, w| s / w.max(1e-4));
        let first = mean(lightness);
        let second = mean(&lightness.map(|v| v * v));
        let follows = second.zip(&first, |s, m| {
            let variance = (s - m * m).max(0.0);
            variance / (variance + EPSILON)
        });
        let tone = first.zip(&follows, |m, a| m * (1.0 - a));
        let (follows, tone) = (mean(&follows), mean(&tone));
        // The smooth tone is follows · lightness + tone; relief is the rest.
        let raise = follows.map(|a| (gain - 1.0) * (1.0 - a * a));
        let slope = raise.zip(&follows, |raise, a| 1.0 + raise * (1.0 - a));
        let offset = raise.zip(&tone, |raise, tone| -raise * tone);
        Self { slope, offset }
    }

    /// The local model at one lightness, eased off where there is no room above or below.
    #[inline]
    pub fn apply(lightness: f32, slope: f32, offset: f32) -> f32 {
        (slope * lightness + offset).clamp(lightness * 0.72, lightness + 0.3 * (1.0 - lightness))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The strongest of the looks, "dramatic".
    const GAIN: f32 = 1.8;

    #[test]
    fn a_step_edge_overshoots_by_at_most_three_per_cent() {
        let step = Plane::from_fn(200, 60, |x, _| if x < 100 { 0.25 } else { 0.75 });
        let alpha = Plane::filled(200, 60, 1.0);
        let local = LocalContrast::analyse(&step, &alpha, 200.0, GAIN);
        for x in 0..200 {
            let v = step.at(x, 30);
            let out = LocalContrast::apply(v, local.slope.at(x, 30), local.offset.at(x, 30));
            assert!((0.25 - 0.015..=0.75 + 0.015).contains(&out), "{out} at {x}");
        }
    }

    #[test]
    fn relief_is_raised_and_the_room_has_no_say() {
        let fur = |room: f32| {
            let lightness = Plane::from_fn(160, 160, |x, y| {
                if x < 80 { 0.5 + if (x + y) % 6 < 3 { 0.02 } else { -0.02 } } else { room }
            });
            let alpha = Plane::from_fn(160, 160, |x, _| if x < 80 { 1.0 } else { 0.0 });
            let local = LocalContrast::analyse(&lightness, &alpha, 160.0, GAIN);
            let at = |x: usize, y: usize| {
                let v = lightness.at(x, y);
                LocalContrast::apply(v, local.slope.at(x, y), local.offset.at(x, y))
            };
            (at(78, 80), at(40, 40), at(43, 40))
        };
        let (dark, bright) = (fur(0.0), fur(1.0));
        assert!((dark.0 - bright.0).abs() < 1e-4, "the room changes the edge: {} and {}", dark.0, bright.0);
        assert!((dark.1 - dark.2).abs() > 0.04 * 1.3, "relief {} {}", dark.1, dark.2);
    }
}
