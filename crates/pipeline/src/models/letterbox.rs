//! The size of the network's input, and how much of it a photo covers: content at the top left, the rest
//! filled.

use super::description::{Layout, ModelDescription};

/// The network's input in pixels, and how much of it the photo covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letterbox {
    /// Width of the input.
    pub width: usize,
    /// Height of the input.
    pub height: usize,
    /// Columns from the left that the photo covers.
    pub content_width: usize,
    /// Rows from the top that the photo covers.
    pub content_height: usize,
}

impl Letterbox {
    /// The smallest input for what is so wide and high that the description allows, with this long side; it
    /// keeps its aspect.
    pub fn fit((width, height): (f64, f64), long_side: u32, description: &ModelDescription) -> Self {
        let long = f64::from(long_side);
        let scale = long / width.max(height);
        let content = |side: f64| (side * scale).round().clamp(1.0, long) as usize;
        let (content_width, content_height) = (content(width), content(height));
        let multiple = description.multiple as usize;
        let padded = |side: usize| match description.square {
            true => long_side as usize,
            false => side.div_ceil(multiple) * multiple,
        };
        Self { width: padded(content_width), height: padded(content_height), content_width, content_height }
    }

    /// The shape of the input tensor.
    pub fn shape(&self, layout: Layout) -> [i64; 4] {
        let (width, height) = (self.width as i64, self.height as i64);
        match layout {
            Layout::Nchw => [1, 3, height, width],
            Layout::Nhwc => [1, height, width, 3],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(width: f64, height: f64, description: &ModelDescription) -> Letterbox {
        Letterbox::fit((width, height), description.long_side, description)
    }

    #[test]
    fn free_sides_follow_the_photo_unless_there_is_to_be_one_shape() {
        let plain = ModelDescription { long_side: 320, ..ModelDescription::plain() };
        let one = plain.clone().with_one_input_shape();
        for (width, height) in
            [(4000.0, 3000.0), (3000.0, 4000.0), (16_000.0, 600.0), (1.0, 1.0), (7.0, 900.0)]
        {
            let (free, fixed) = (fit(width, height, &plain), fit(width, height, &one));
            assert!(free.width % 32 == 0 && free.height % 32 == 0, "{free:?}");
            assert_eq!((fixed.width, fixed.height), (320, 320));
            let content = |l: Letterbox| (l.content_width, l.content_height);
            assert_eq!(content(free), content(fixed), "the photo is seen at the same size");
        }
        assert_eq!((fit(4000.0, 3000.0, &plain).width, fit(4000.0, 3000.0, &plain).height), (320, 256));
    }
}
