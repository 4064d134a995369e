//! What the network saw.

use super::components::{keep_the_animal, without_haze};
use crate::base::geometry::{Original, Point, Region, Space};
use crate::base::plane::{Plane, smoothstep};
use crate::models::{Models, Rule};

/// Overlaps (intersection over union) at which two boxes mean different heads, and the same head.
const SAME_HEAD: (f32, f32) = (0.3, 0.6);

/// What the network saw in a region of the photo.
#[derive(Clone, Debug, PartialEq)]
pub struct CoarseMatte<S = Original> {
    /// Alpha 0..1 at the network's resolution, stretched over `region`.
    pub alpha: Plane,
    /// The part of the photo that was looked at, in photo pixels.
    pub region: Region<S>,
    /// The head, if the network says one.
    pub head: Option<HeadBox<S>>,
    /// The probability that there is a pet in the region at all, if the network says one.
    pub pet: Option<f32>,
}

/// A head in photo pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadBox<S = Original> {
    /// Where it is.
    pub region: Region<S>,
    /// The network's score, 0..1.
    pub score: f32,
}

impl<S: Space> CoarseMatte<S> {
    /// The matte with the animal alone; of several the one whose head's centre is known.
    pub(crate) fn animal(&self, head: Option<Point<S>>, models: &Models) -> Plane {
        if !models.applies(Rule::OneAnimal) {
            return without_haze(&self.alpha);
        }
        keep_the_animal(&self.alpha, head.map(|centre| self.sample_of(centre)))
    }

    /// The sample that covers a point.
    fn sample_of(&self, point: Point<S>) -> (usize, usize) {
        let (plane, region) = (&self.alpha, self.region);
        let along = |v: f64, origin: f64, length: f64, n: usize| {
            (((v - origin) / length * n as f64).max(0.0) as usize).min(n - 1)
        };
        (
            along(point.x, region.x, region.width, plane.width()),
            along(point.y, region.y, region.height, plane.height()),
        )
    }
}

impl<S: Space> HeadBox<S> {
    /// The mean with another answer about the same head; itself where the other means another one.
    pub fn agreed(self, other: Self) -> Self {
        let share =
            f64::from(smoothstep(SAME_HEAD.0, SAME_HEAD.1, self.region.iou(&other.region) as f32)) / 2.0;
        Self { region: self.region.towards(&other.region, share), ..self }
    }
}
