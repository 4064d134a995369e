//! What the network saw.

use crate::base::geometry::Region;
use crate::base::plane::{Plane, smoothstep};

/// Overlaps (intersection over union) at which two boxes mean different heads, and the same head.
const SAME_HEAD: (f32, f32) = (0.3, 0.6);

/// What the network saw in a region of the photo.
#[derive(Clone, Debug, PartialEq)]
pub struct CoarseMatte {
    /// Alpha 0..1 at the network's resolution, stretched over `region`.
    pub alpha: Plane,
    /// The part of the photo that was looked at, in photo pixels.
    pub region: Region,
    /// The head, if the network says one.
    pub head: Option<HeadBox>,
    /// The probability that there is a pet in the region at all, if the network says one.
    pub pet: Option<f32>,
}

/// A head in photo pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadBox {
    /// Where it is.
    pub region: Region,
    /// The network's score, 0..1.
    pub score: f32,
}

impl HeadBox {
    /// The mean with another answer about the same head; itself where the other means another one.
    pub fn agreed(self, other: Self) -> Self {
        let share =
            f64::from(smoothstep(SAME_HEAD.0, SAME_HEAD.1, self.region.iou(&other.region) as f32)) / 2.0;
        Self { region: self.region.towards(&other.region, share), ..self }
    }
}
