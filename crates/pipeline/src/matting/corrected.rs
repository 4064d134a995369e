//! Two answers about one animal, made into one that is sharp as the first and right as both.

use crate::base::plane::Plane;

/// What two answers differ by is smoothed over so many samples of the coarser one before it corrects the other.
const RADIUS: f64 = 4.0;
/// What of that is taken over: more than half, because who sees the animal smaller errs less often in a large way
/// (docs/MODEL.md).
const SHARE: f32 = 2.0 / 3.0;

/// `sharp`, in which the animal is seen larger, corrected by `sure`, a plane of the same size in which it was seen smaller:
/// one sample of what the network saw there is spread over `spread` samples here.
///
/// A part of the body that one of the two has lost, or a cushion that it has kept, is rarely so in both; but only the first has
/// the outline. So it is nearly the mean of both, with everything smaller than a few samples of the other left as the first has it.
pub fn corrected(sharp: &Plane, sure: &Plane, spread: f64) -> Plane {
    let radius = (RADIUS * spread.max(1.0)).round() as usize;
    let apart = sharp.zip(sure, |one, other| other - one);
    // Twice a box is nearly a Gaussian.
    let apart = apart.box_mean(radius).box_mean(radius);
    sharp.zip(&apart, |one, apart| (one + SHARE * apart).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(from: usize, to: usize) -> Plane {
        let inside = |v: usize| (from..to).contains(&v);
        Plane::from_fn(100, 100, |x, y| if inside(x) && inside(y) { 1.0 } else { 0.0 })
    }

    #[test]
    fn what_only_the_sharp_answer_has_kept_goes_and_what_it_has_lost_comes_back() {
        let nothing = Plane::filled(100, 100, 0.0);
        assert!(corrected(&square(30, 70), &nothing, 1.0).at(50, 50) < 0.4);
        assert!(corrected(&nothing, &square(30, 70), 1.0).at(50, 50) > 0.6);
    }

    #[test]
    fn the_outline_stays_as_sharp_as_it_was() {
        // The same square, but blurred, as it is seen smaller.
        for spread in [1, 4] {
            let both = corrected(&square(30, 70), &square(30, 70).box_mean(3 * spread), spread as f64);
            assert!(
                both.at(30, 50) > 0.8 && both.at(29, 50) < 0.2,
                "{} {}",
                both.at(30, 50),
                both.at(29, 50)
            );
        }
    }
}
