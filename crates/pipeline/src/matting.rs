//! Finding the animal: one inference of the matting network over a photo, or a part of one.

mod components;
mod description;

use fast_image_resize::FilterType;
use fast_image_resize::pixels::{U8, U8x3};
use ort::value::TensorRef;

pub use components::keep_the_animal;
pub use description::{Activation, ChannelOrder, ModelDescription};

use crate::decode::Photo;
use crate::models::Models;
use crate::plane::Plane;
use crate::process::PipelineError;
use crate::resample::{Region, Resample};

/// What the network saw in a region of the photo.
#[derive(Clone, Debug)]
pub struct CoarseMatte {
    /// Alpha 0..1 at the network's resolution, stretched over `region`.
    pub alpha: Plane,
    /// The part of the photo that was looked at, in photo pixels.
    pub region: Region,
    /// The head, if the network says one.
    pub head: Option<HeadBox>,
}

/// A head in photo pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadBox {
    /// Where it is.
    pub region: Region,
    /// The network's score, 0..1.
    pub score: f32,
}

/// Runs the network on `region` of `photo` (sRGB), letterboxed and never squashed, and reads its answer as the
/// model's description says: no min–max stretching, so that a photo without an animal gives an empty matte.
///
/// Where the photo itself is transparent, so is the matte.
///
/// # Errors
/// [`PipelineError::Inference`] when ONNX Runtime fails or answers with another shape than it declared.
pub fn find_animal(photo: &Photo, region: Region, models: &Models) -> Result<CoarseMatte, PipelineError> {
    let description = models.description();
    let input = Letterbox::fit(region, description);
    let tensor = input.tensor(photo, region, description);
    let shape = [1i64, 3, input.height as i64, input.width as i64];

    let failed = |e: ort::Error| PipelineError::Inference(e.to_string());
    // A panic elsewhere cannot leave a session half-way through anything: it is used again.
    let mut session = models.matting().lock().unwrap_or_else(|e| e.into_inner());
    let value = TensorRef::from_array_view((shape, &*tensor)).map_err(failed)?;
    let outputs = session.run(ort::inputs![value]).map_err(failed)?;

    let output = match description.alpha_output.as_str() {
        "" => outputs.values().next(),
        name => outputs.get(name).map(|v| v.view()),
    };
    let output = output.ok_or_else(|| PipelineError::Inference("the model gave no matte".into()))?;
    let (_, raw) = output.try_extract_tensor::<f32>().map_err(failed)?;
    if raw.len() != input.width * input.height {
        let message =
            format!("expected a matte of {} × {}, got {} values", input.width, input.height, raw.len());
        return Err(PipelineError::Inference(message));
    }
    let activate = |v: f32| match description.activation {
        Activation::None => v.clamp(0.0, 1.0),
        Activation::Sigmoid => 1.0 / (1.0 + (-v).exp()),
    };
    let mut alpha = Plane::from_fn(input.content_width, input.content_height, |x, y| {
        let value = activate(raw[y * input.width + x]);
        if value.is_finite() { value } else { 0.0 }
    });
    let head = match &description.head_output {
        None => None,
        Some(name) => {
            let value =
                outputs.get(name).ok_or_else(|| PipelineError::Inference(format!("no output {name}")))?;
            let (_, numbers) = value.try_extract_tensor::<f32>().map_err(failed)?;
            input.head(numbers, region)
        }
    };
    if let Some(transparency) = &photo.alpha {
        let of_photo = Resample::part(region, (alpha.width, alpha.height), FilterType::Bilinear)
            .bytes::<U8>(transparency, (photo.width as usize, photo.height as usize));
        for (a, t) in alpha.data.iter_mut().zip(of_photo) {
            *a *= f32::from(t) / 255.0;
        }
    }
    Ok(CoarseMatte { alpha, region, head })
}

/// How a region is laid into the network's input: content at the top left, the rest filled.
struct Letterbox {
    width: usize,
    height: usize,
    content_width: usize,
    content_height: usize,
}

impl Letterbox {
    fn fit(region: Region, description: &ModelDescription) -> Self {
        let long = f64::from(description.long_side);
        let scale = long / region.width.max(region.height);
        let content = |side: f64| (side * scale).round().clamp(1.0, long) as usize;
        let (content_width, content_height) = (content(region.width), content(region.height));
        let multiple = description.multiple as usize;
        let padded = |side: usize| match description.square {
            true => description.long_side as usize,
            false => side.div_ceil(multiple) * multiple,
        };
        Self { width: padded(content_width), height: padded(content_height), content_width, content_height }
    }

    /// The input tensor, channels first.
    fn tensor(&self, photo: &Photo, region: Region, description: &ModelDescription) -> Vec<f32> {
        let content = Resample::part(region, (self.content_width, self.content_height), FilterType::Bilinear)
            .bytes::<U8x3>(&photo.rgb, (photo.width as usize, photo.height as usize));
        let area = self.width * self.height;
        let mut tensor = vec![0.0; 3 * area];
        for (plane, values) in tensor.chunks_exact_mut(area).enumerate() {
            let channel = match description.channels {
                ChannelOrder::Rgb => plane,
                ChannelOrder::Bgr => 2 - plane,
            };
            let (mean, std) = (description.mean[channel], description.std[channel]);
            let normalise = |v: u8| (f32::from(v) / 255.0 - mean) / std;
            values.fill(normalise(description.fill[channel]));
            for y in 0..self.content_height {
                let row = &content[y * self.content_width * 3..(y + 1) * self.content_width * 3];
                let out = &mut values[y * self.width..y * self.width + self.content_width];
                for (o, pixel) in out.iter_mut().zip(row.chunks_exact(3)) {
                    *o = normalise(pixel[channel]);
                }
            }
        }
        tensor
    }

    /// The network's head output in photo pixels; `None` when it is not five sane numbers.
    fn head(&self, numbers: &[f32], region: Region) -> Option<HeadBox> {
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
