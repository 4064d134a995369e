//! What the network is fed of a photo, and where in the photo its answer lies.

use fast_image_resize::FilterType;
use fast_image_resize::pixels::U8x3;

use super::coarse_matte::HeadBox;
use crate::base::geometry::{Region, Space};
use crate::base::resample::Resample;
use crate::decode::Photo;
use crate::models::{ChannelOrder, Divisor, Layout, Letterbox, ModelDescription};

impl Letterbox {
    /// The input tensor's values, with the photo as it is, or mirrored and softened.
    ///
    /// Softened, the noise of a file moves the answer less.
    pub fn tensor<S: Space>(
        &self,
        photo: &Photo,
        region: Region<S>,
        mirrored: bool,
        description: &ModelDescription,
    ) -> Vec<f32> {
        let size = (self.content_width, self.content_height);
        // What is halved and enlarged again is blurred by about a pixel.
        let taken = if mirrored { (size.0.div_ceil(2), size.1.div_ceil(2)) } else { size };
        let mut content =
            Resample::part(region, taken, FilterType::Bilinear).bytes::<U8x3>(&photo.rgb, photo.pixels());
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
    pub fn head<S: Space>(&self, numbers: &[f32], region: Region<S>) -> Option<HeadBox<S>> {
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
        let region = Region::new(region.x + x0, region.y + y0, x1 - x0, y1 - y0);
        inside.then_some(HeadBox { region, score })
    }
}
