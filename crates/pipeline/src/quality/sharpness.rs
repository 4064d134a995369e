//! How blurred a face is, as a share of the head: a number that neither the photo's size nor its noise changes.

use super::face::{Face, LONG_EDGE};
use crate::base::plane::Plane;

/// A box mean of this radius, applied twice, stands for a Gaussian of variance `2 × ((2r + 1)² − 1) / 12` samples.
const FINE: usize = 1;
/// See [`FINE`].
const COARSE: usize = 2;
/// Edges are looked for where so much of what is around them is animal: its outline is as sharp as the matte, not as the photo.
const INSIDE: f32 = 0.9;
/// The share of a face's edges that count, the strongest: lids, nostrils, markings. Folds of skin and shadows are soft in
/// the sharpest photo.
const STRONGEST: f64 = 0.10;
/// What the photo's own pixels and their enlarging blur, in pixels of the photo: a small head is no blurred one.
const OWN_BLUR: f64 = 0.6;
/// A blur that leaves nothing to compare, in samples.
const MOST: f32 = 12.0;
/// Fewer edges say nothing.
const LEAST_EDGES: usize = 8;

/// The standard deviation of a Gaussian that blurs the face as much as it is, as a share of the head's longer edge.
/// `None` where there are no edges to go by.
///
/// Edges are compared at two scales, as in defocus estimation from one image (Elder and Zucker, "Local scale control for
/// edge detection and blur estimation", 1998; Zhuo and Sim, "Defocus map estimation from a single image", 2011). At the
/// middle of an edge that is blurred by σ and smoothed by s the gradient is proportional to `1 / √(σ² + s²)`. So the
/// fine gradient, as a multiple `R` of the coarse one, gives `σ² = (c² − R² f²) / (R² − 1)`. `R` is the regression of the fine
/// gradient on the coarse one, as vectors: noise, which points anywhere, cancels out.
pub fn blur(face: &Face) -> Option<f64> {
    let fine = smooth(&face.lightness, FINE);
    let coarse = smooth(&face.lightness, COARSE);
    let is_animal = |alpha: f32| if alpha >= 0.5 { 1.0 } else { 0.0 };
    let sure = face.alpha.map(is_animal).box_mean(COARSE + 1);
    let (width, height) = coarse.size();
    let strength = Plane::from_fn(width, height, |x, y| {
        let (gx, gy) = gradient(&coarse, x, y);
        gx * gx + gy * gy
    });

    let mut edges: Vec<(f32, usize, usize)> = Vec::new();
    for y in 2..height.saturating_sub(2) {
        for x in (2..width.saturating_sub(2)).filter(|&x| sure.at(x, y) >= INSIDE) {
            if is_middle_of_an_edge(&coarse, &strength, x, y) {
                edges.push((strength.at(x, y), x, y));
            }
        }
    }
    if edges.len() < LEAST_EDGES {
        return None;
    }
    let count = ((edges.len() as f64 * STRONGEST).ceil() as usize).max(LEAST_EDGES);
    edges.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut across, mut own) = (0.0f64, 0.0f64);
    for &(_, x, y) in &edges[..count] {
        let (f, c) = (gradient(&fine, x, y), gradient(&coarse, x, y));
        across += f64::from(f.0 * c.0 + f.1 * c.1);
        own += f64::from(c.0 * c.0 + c.1 * c.1);
    }
    if own <= 1e-9 {
        return None;
    }
    let ratio = (across / own) as f32;
    let variance = |radius: usize| ((2 * radius + 1).pow(2) - 1) as f32 / 6.0;
    let (f2, c2) = (variance(FINE), variance(COARSE));
    let sigma = if ratio <= 1.0 {
        MOST
    } else {
        ((c2 - ratio * ratio * f2) / (ratio * ratio - 1.0)).max(0.0).sqrt().min(MOST)
    };
    let seen = f64::from(sigma) / LONG_EDGE;
    Some((seen * seen - (OWN_BLUR / face.head_px).powi(2)).max(0.0).sqrt())
}

/// No stronger gradient one sample ahead or behind, across the edge.
fn is_middle_of_an_edge(coarse: &Plane, strength: &Plane, x: usize, y: usize) -> bool {
    let here = strength.at(x, y);
    if here <= 1e-8 {
        return false;
    }
    let (gx, gy) = gradient(coarse, x, y);
    let length = here.sqrt();
    let (ux, uy) = (gx / length, gy / length);
    let (x, y, ux, uy) = (x as f64, y as f64, f64::from(ux), f64::from(uy));
    here >= strength.between(x + ux, y + uy) && here >= strength.between(x - ux, y - uy)
}

fn smooth(plane: &Plane, radius: usize) -> Plane {
    plane.box_mean(radius).box_mean(radius)
}

/// Central differences; at the border the next sample inside stands in.
fn gradient(plane: &Plane, x: usize, y: usize) -> (f32, f32) {
    let (left, right) = (x.saturating_sub(1), (x + 1).min(plane.width() - 1));
    let (above, below) = (y.saturating_sub(1), (y + 1).min(plane.height() - 1));
    (plane.at(right, y) - plane.at(left, y), plane.at(x, below) - plane.at(x, above))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Patches with straight edges that a Gaussian of `sigma` samples has blurred, and noise of that amplitude on top.
    fn face(sigma: f32, noise: f32) -> Face {
        let side = LONG_EDGE as usize;
        let edge = |d: f32| {
            if sigma > 0.0 { 0.5 + 0.5 * erf(d / (sigma * 2f32.sqrt())) } else { d.signum() / 2.0 + 0.5 }
        };
        let mut state = 1u32;
        let lightness = Plane::from_fn(side, side, |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (state >> 8) as f32 / (1 << 24) as f32 - 0.5;
            0.2 + 0.3 * edge(x as f32 - 63.3) + 0.2 * edge(y as f32 - 120.7) + noise * grain
        });
        Face {
            lightness,
            alpha: Plane::filled(side, side, 1.0),
            clipped: Plane::filled(side, side, 0.0),
            head_px: 1000.0,
        }
    }

    /// Abramowitz and Stegun, 7.1.26: exact to 1.5e-7.
    fn erf(x: f32) -> f32 {
        let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
        let poly =
            ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_74) * t + 0.254_829_6) * t;
        (1.0 - poly * (-x * x).exp()).copysign(x)
    }

    #[test]
    fn a_known_blur_is_measured_and_noise_does_not_hide_it() {
        for sigma in [1.5f32, 2.5, 4.0] {
            for noise in [0.0, 0.06] {
                let seen = blur(&face(sigma, noise)).unwrap() * LONG_EDGE;
                assert!((seen / f64::from(sigma) - 1.0).abs() < 0.2, "σ {sigma}, noise {noise}: {seen}");
            }
        }
        let sharp = blur(&face(0.0, 0.0)).unwrap() * LONG_EDGE;
        assert!(sharp < 0.8, "{sharp}");
    }

    #[test]
    fn a_face_without_an_edge_has_no_verdict() {
        let side = LONG_EDGE as usize;
        let plain = Face { lightness: Plane::filled(side, side, 0.5), ..face(1.0, 0.0) };
        assert_eq!(blur(&plain), None);
    }
}
