//! How much light there is on the face.

use super::face::Face;
use crate::base::colour::{LUMINANCE, ToneTables};
use crate::base::plane::Plane;
use crate::decode::Photo;

/// Pixels of the photo that are looked at, spread evenly over it.
const SAMPLES: usize = 20_000;

/// Light on a face, and around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    /// The lightness L* that only a fiftieth of the face exceeds, 0..1: the highlights.
    pub highlights: f64,
    /// The lightness that only a two-hundredth of the whole photo exceeds. A black coat is dark, a dark photo is dark everywhere.
    pub around: f64,
    /// The share of the face that is burnt out, 0..1.
    pub clipped: f64,
}

/// Measures the animal's part of the face; where the matte is empty there, all of it.
pub fn exposure(face: &Face, photo: &Photo) -> Exposure {
    let covered = face.alpha.data().iter().sum::<f32>() > 1.0;
    let weight = if covered {
        face.alpha.clone()
    } else {
        Plane::filled(face.alpha.width(), face.alpha.height(), 1.0)
    };
    let total: f64 = weight.data().iter().map(|&w| f64::from(w)).sum();
    let burnt: f64 =
        face.clipped.data().iter().zip(weight.data()).map(|(&c, &w)| f64::from(c) * f64::from(w)).sum();
    Exposure {
        highlights: f64::from(face.lightness.percentile(&weight, 0.98)),
        around: brightest(photo),
        clipped: burnt / total.max(1e-6),
    }
}

fn brightest(photo: &Photo) -> f64 {
    let pixels = photo.rgb.as_chunks::<3>().0;
    let tables = ToneTables::new(LUMINANCE);
    // An odd step does not fall into the rows' rhythm.
    let step = (pixels.len() / SAMPLES) | 1;
    let opaque = |i: usize| photo.alpha.as_ref().is_none_or(|alpha| alpha[i] >= 128);
    let seen = (0..pixels.len()).step_by(step).filter(|&i| opaque(i));
    let seen: Vec<f32> = seen.map(|i| tables.lightness(pixels[i])).collect();
    let seen = Plane::new(seen.len(), 1, seen);
    f64::from(seen.percentile(&Plane::filled(seen.width(), 1, 1.0), 0.995))
}
