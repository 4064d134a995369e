//! The shape of an output that holds a matte.

use super::description::{Layout, ModelDescription};

/// What the matte's output must look like, in words.
pub fn expected_matte(description: &ModelDescription) -> String {
    let channels = match description.classes.iter().max() {
        None => "1".to_owned(),
        Some(highest) => format!("C > {highest}"),
    };
    match description.layout {
        Layout::Nchw => format!("a matte of float32 1×{channels}×H×W"),
        Layout::Nhwc => format!("a matte of float32 1×H×W×{channels}"),
    }
}

/// The size of an output that holds a matte; -1 where it is only known once the network has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatteSize {
    pub channels: i64,
    pub height: i64,
    pub width: i64,
    pub layout: Layout,
}

impl MatteSize {
    /// Reads a shape; axes of the batch and of a single channel may be missing.
    pub fn of(shape: &[i64], layout: Layout) -> Option<Self> {
        let one = |side: i64| side == 1 || side < 0;
        match (shape, layout) {
            (&[batch, channels, height, width], Layout::Nchw)
            | (&[batch, height, width, channels], Layout::Nhwc)
                if one(batch) =>
            {
                Some(Self { channels, height, width, layout })
            }
            (&[batch, height, width], _) if one(batch) => Some(Self { channels: 1, height, width, layout }),
            (&[height, width], _) => Some(Self { channels: 1, height, width, layout }),
            _ => None,
        }
    }

    /// Whether the channels are those that the description speaks of.
    pub fn is_served_by(&self, description: &ModelDescription) -> bool {
        let known = usize::try_from(self.channels);
        match (known, description.classes.iter().max()) {
            (Err(_), _) => true,
            (Ok(channels), None) => channels == 1,
            (Ok(channels), Some(&highest)) => channels > highest,
        }
    }

    /// How many values it has, once that is known.
    pub fn values(&self) -> Option<usize> {
        [self.channels, self.height, self.width]
            .iter()
            .try_fold(1usize, |product, &side| product.checked_mul(usize::try_from(side).ok()?))
            .filter(|&values| values > 0)
    }
}
