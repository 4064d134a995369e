//! Catch-lights: the small reflections that make eyes look alive. Those that are there are raised a little; none is invented.

use crate::base::plane::{Plane, smoothstep};

/// Radius of what counts as small, and of the dark eye around it, as shares of the head's height.
const GLINT: f32 = 0.012;
/// See [`GLINT`].
const EYE: f32 = 0.05;
/// How much lighter than its surroundings a glint is, in lightness, from hardly to surely.
const LIGHTER: (f32, f32) = (0.07, 0.18);
/// How dark the eye around it is, from too light to surely dark.
const DARK: (f32, f32) = (0.46, 0.32);
/// Eyes lie between these shares of the head's height, with ears, from the top. The nose, which glistens too, lies below.
const EYES: (f32, f32) = (0.22, 0.66);

/// How surely each sample is part of a catch-light, 0..1. `head` is top and height of the head with its ears, in samples.
pub fn catch_lights(lightness: &Plane, alpha: &Plane, (top, height): (f32, f32)) -> Plane {
    let radius = |share: f32| ((height * share).round() as usize).max(1);
    let weight = alpha.box_mean(radius(EYE));
    let eye =
        lightness.zip(alpha, |l, a| l * a).box_mean(radius(EYE)).zip(&weight, |sum, w| sum / w.max(1e-4));
    let (reach, smooth) = (2 * radius(GLINT) + 1, lightness.box_mean(1));
    // On all four sides: what is light on one side only is the fur beside a dark eye.
    let lightest_around = |x: usize, y: usize| {
        let left = smooth.at(x.saturating_sub(reach), y);
        let right = smooth.at((x + reach).min(smooth.width() - 1), y);
        let above = smooth.at(x, y.saturating_sub(reach));
        let below = smooth.at(x, (y + reach).min(smooth.height() - 1));
        left.max(right).max(above).max(below)
    };
    Plane::from_fn(lightness.width(), lightness.height(), |x, y| {
        let depth = (y as f32 + 0.5 - top) / height;
        if !(EYES.0..EYES.1).contains(&depth) {
            return 0.0;
        }
        let lighter = lightness.at(x, y) - lightest_around(x, y);
        smoothstep(LIGHTER.0, LIGHTER.1, lighter) * smoothstep(DARK.0, DARK.1, eye.at(x, y)) * alpha.at(x, y)
    })
}

/// What lightness L* becomes when its light grows by `stops`: light goes with the cube of `L* + 0.16`, above the linear
/// foot of the scale.
#[inline]
pub fn raised(lightness: f32, stops: f32) -> f32 {
    (lightness + 0.16) * (stops / 3.0).exp2() - 0.16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dark eye of radius 12 at (100, 90), with a glint or without, in a head of 300 rows.
    fn eye(glint: f32) -> Plane {
        Plane::from_fn(200, 300, |x, y| {
            let distance = ((x as f32 - 100.0).powi(2) + (y as f32 - 120.0).powi(2)).sqrt();
            let bright = (x as f32 - 104.0).powi(2) + (y as f32 - 116.0).powi(2) < 6.0;
            if bright && glint > 0.0 {
                glint
            } else if distance < 16.0 {
                0.1
            } else {
                0.5
            }
        })
    }

    #[test]
    fn a_glint_in_a_dark_eye_is_found_and_none_is_invented() {
        let alpha = Plane::filled(200, 300, 1.0);
        let found = catch_lights(&eye(0.8), &alpha, (0.0, 300.0));
        assert!(found.at(104, 116) > 0.9, "{}", found.at(104, 116));
        let strayed = found.data().iter().filter(|&&v| v > 0.05).count();
        assert!(strayed <= 25, "{strayed} samples are called a glint");
        assert!(catch_lights(&eye(0.0), &alpha, (0.0, 300.0)).data().iter().all(|&v| v < 0.01));
    }

    #[test]
    fn three_tenths_of_a_stop_are_three_tenths_of_a_stop() {
        let light = |l: f32| ((l + 0.16) / 1.16).powi(3);
        for lightness in [0.2f32, 0.5, 0.8] {
            let stops = (light(raised(lightness, 0.3)) / light(lightness)).log2();
            assert!((stops - 0.3).abs() < 1e-3, "{stops}");
        }
    }
}
