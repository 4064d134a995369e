//! How a network's outputs are read.

use ort::session::SessionOutputs;
use ort::value::DynValue;

use crate::base::error::PipelineError;
use crate::base::plane::Plane;
use crate::models::{Activation, Layout, Letterbox, MatteSize, ModelDescription, expected_matte};

/// The matte over the part of the input that the photo covers, in 0..1 and not stretched, so that a photo without an
/// animal gives an empty one.
///
/// # Errors
/// [`PipelineError::Inference`] when the output is not a matte.
pub fn matte(
    outputs: &SessionOutputs<'_>,
    input: &Letterbox,
    description: &ModelDescription,
) -> Result<Plane, PipelineError> {
    let output = match description.alpha_output.as_str() {
        "" => outputs.values().next(),
        name => outputs.get(name).map(DynValue::view),
    };
    let output = output.ok_or_else(|| failed("the model gave no matte"))?;
    let (shape, raw) = output.try_extract_tensor::<f32>().map_err(failed)?;
    let size = MatteSize::of(shape, description.layout)
        .filter(|size| size.is_served_by(description) && size.values() == Some(raw.len()))
        .ok_or_else(|| failed(format!("expected {}, got {shape}", expected_matte(description))))?;
    let (width, height) = (size.width as usize, size.height as usize);
    if (width, height) == (input.width, input.height) {
        // Only what the photo covers is worth its exponentials.
        return Ok(activated(raw, &size, (input.content_width, input.content_height), description));
    }
    let at_input = activated(raw, &size, (width, height), description).resize(input.width, input.height);
    Ok(Plane::from_fn(input.content_width, input.content_height, |x, y| at_input.at(x, y)))
}

/// The numbers of an output, if the description names it.
///
/// # Errors
/// [`PipelineError::Inference`] when it is missing or does not hold numbers.
pub fn numbers<'a>(
    outputs: &'a SessionOutputs<'_>,
    name: Option<&String>,
) -> Result<Option<&'a [f32]>, PipelineError> {
    let Some(name) = name else { return Ok(None) };
    let value = outputs.get(name).ok_or_else(|| failed(format!("no output {name}")))?;
    Ok(Some(value.try_extract_tensor::<f32>().map_err(failed)?.1))
}

/// The first `width` columns and `height` rows of the output as alpha.
fn activated(
    raw: &[f32],
    size: &MatteSize,
    (width, height): (usize, usize),
    description: &ModelDescription,
) -> Plane {
    let (full_width, channels) = (size.width as usize, size.channels as usize);
    let area = full_width * size.height as usize;
    let value = |x: usize, y: usize, channel: usize| match size.layout {
        Layout::Nchw => raw[channel * area + y * full_width + x],
        Layout::Nhwc => raw[(y * full_width + x) * channels + channel],
    };
    let classes: &[usize] = if description.classes.is_empty() { &[0] } else { &description.classes };
    let sum = |x: usize, y: usize, f: &dyn Fn(f32) -> f32| {
        classes.iter().map(|&class| f(value(x, y, class))).sum::<f32>()
    };
    Plane::from_fn(width, height, |x, y| {
        let alpha = match description.activation {
            Activation::None => sum(x, y, &|v| v),
            Activation::Sigmoid => sum(x, y, &|v| 1.0 / (1.0 + (-v).exp())),
            Activation::Softmax => {
                let logits = || (0..channels).map(|channel| value(x, y, channel));
                // The largest is taken off all of them, so that none overflows.
                let largest = logits().fold(f32::NEG_INFINITY, f32::max);
                let total: f32 = logits().map(|v| (v - largest).exp()).sum();
                sum(x, y, &|v| (v - largest).exp()) / total
            }
        };
        if alpha.is_finite() { alpha.clamp(0.0, 1.0) } else { 0.0 }
    })
}

fn failed(reason: impl ToString) -> PipelineError {
    PipelineError::Inference(reason.to_string())
}
