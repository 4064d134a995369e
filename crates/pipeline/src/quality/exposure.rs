//! How much light there is on the face.

use super::face::Face;
use crate::look::percentile;
use crate::plane::Plane;

/// Light on a face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    /// The lightness L* that only a fiftieth of the face exceeds, 0..1: the highlights. Even a black coat has some.
    pub highlights: f64,
    /// The share of the face that is burnt out, 0..1.
    pub clipped: f64,
}

/// Measures the animal's part of the face; where the matte is empty there, all of it.
pub fn exposure(face: &Face) -> Exposure {
    let covered = face.alpha.data.iter().sum::<f32>() > 1.0;
    let weight =
        if covered { face.alpha.clone() } else { Plane::filled(face.alpha.width, face.alpha.height, 1.0) };
    let total: f64 = weight.data.iter().map(|&w| f64::from(w)).sum();
    let burnt: f64 =
        face.clipped.data.iter().zip(&weight.data).map(|(&c, &w)| f64::from(c) * f64::from(w)).sum();
    Exposure {
        highlights: f64::from(percentile(&face.lightness, &weight, 0.98)),
        clipped: burnt / total.max(1e-6),
    }
}
