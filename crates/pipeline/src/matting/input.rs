//! How a region of the photo is laid into the network's input: content at the top left, the rest filled.

use fast_image_resize::FilterType;
use fast_image_resize::pixels::U8x3;

use super::HeadBox;
use crate::base::resample::{Region, Resample};
use crate::decode::Photo;
use crate::models::{ChannelOrder, Divisor, Layout, ModelDescription};

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
    /// The smallest input for a region that the description allows, with this long side; the region keeps its aspect.
    pub fn fit(region: Region, long_side: u32, description: &ModelDescription) -> Self {
        let long = f64::from(long_side);
        let scale = long / region.width.max(region.height);
        let content = |side: f64| (side * scale).round().clamp(1.0, long) as usize;
        let (content_width, content_height) = (content(region.width), content(region.height));
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

    /// The input tensor's values, with the photo as it is, or mirrored and softened.
    ///
    /// Softened, the noise of a file moves the answer less.
    pub fn tensor(
        &self,
        photo: &Photo,
        region: Region,
        mirrored: bool,
        description: &ModelDescription,
    ) -> Vec<f32> {
        let size = (self.content_width, self.content_height);
        // What is halved and enlarged again is blurred by about a pixel.
        let taken = if mirrored { (size.0.div_ceil(2), size.1.div_ceil(2)) } else { size };
        let mut content = Resample::part(region, taken, FilterType::Bilinear)
            .bytes::<U8x3>(&photo.rgb, (photo.width as usize, photo.height as usize));
        if mirrored {
            content = Resample::to(size.0, size.1).bytes::<U8x3>(&content, taken);
            for row in content.chunks_exact_mut(self.content_width * 3) {
                row.as_chunks_mut::<3>().0.reverse();
            }
        }
        let white = match description.divide_by {
            Divisor::White => 255.0,
            // A black photo has no brightest value; whatever it is divided by, it stays black.
            Divisor::Brightest => f32::from(content.iter().copied().max().unwrap_or(0).max(1)),
        };
        let area = self.width * self.height;
        // From one pixel of a channel to the next, and from one channel to the next.
        let (step, channel_step) = match description.layout {
            Layout::Nchw => (1, area),
            Layout::Nhwc => (3, 1),
        };
        let mut tensor = vec![0.0; 3 * area];
        for position in 0..3 {
            let channel = match description.channels {
                ChannelOrder::Rgb => position,
                ChannelOrder::Bgr => 2 - position,
            };
            let (mean, std) = (description.mean[channel], description.std[channel]);
            let filled = (f32::from(description.fill[channel]) / 255.0 - mean) / std;
            let values = &mut tensor[position * channel_step..];
            for y in 0..self.height {
                let row = values[y * self.width * step..].iter_mut().step_by(step).take(self.width);
                let pixels = content.chunks_exact(self.content_width * 3).nth(y).unwrap_or_default();
                let mut pixels = pixels.chunks_exact(3).map(|pixel| pixel[channel]);
                for value in row {
                    *value = pixels.next().map_or(filled, |v| (f32::from(v) / white - mean) / std);
                }
            }
        }
        tensor
    }

    /// The network's head output in photo pixels; `None` when it is not five sane numbers.
    pub fn head(&self, numbers: &[f32], region: Region) -> Option<HeadBox> {
        let &[cx, cy, w, h, score] = numbers else { return None };
        if ![cx, cy, w, h, score].iter().all(|v| v.is_finite()) || w <= 0.0 || h <= 0.0 {
            return None;
        }
        let x_scale = self.width as f64 / self.content_width as f64 * region.width;
        let y_scale = self.height as f64 / self.content_height as f64 * region.height;
        let (x0, x1) = (f64::from(cx - w / 2.0) * x_scale, f64::from(cx + w / 2.0) * x_scale);
        let (y0, y1) = (f64::from(cy - h / 2.0) * y_scale, f64::from(cy + h / 2.0) * y_scale);
        let (x0, x1) = (x0.clamp(0.0, region.width), x1.clamp(0.0, region.width));
        let (y0, y1) = (y0.clamp(0.0, region.height), y1.clamp(0.0, region.height));
        let inside = x1 - x0 >= 1.0 && y1 - y0 >= 1.0;
        let region = Region { x: region.x + x0, y: region.y + y0, width: x1 - x0, height: y1 - y0 };
        inside.then_some(HeadBox { region, score })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(width: f64, height: f64, description: &ModelDescription) -> Letterbox {
        Letterbox::fit(Region { x: 0.0, y: 0.0, width, height }, description.long_side, description)
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
