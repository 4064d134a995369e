//! The refiner: a small network that corrects the linear model where hairs leave the outline.
//!
//! It reads what was fitted and says per sample a gain `s` and an offset `t` for the model's alpha, and a factor `c` per channel
//! for how a pixel's colour differs from its sample's: `alpha = s·(a·I + b) + t + c·(I − guide)`. That is linear in the pixel's
//! colour `I` again, so what comes out is the same kind of model, and costs at full resolution what the first would. Having a
//! network say a filter's coefficients is Wu et al., "Fast End-to-End Trainable Guided Filter", CVPR 2018.

use ort::session::Session;
use ort::value::TensorRef;

use super::fitted::Fitted;
use crate::base::error::PipelineError;
use crate::base::plane::Plane;
use crate::models::Models;

/// Sides of the network's input are multiples of this.
const STRIDE: usize = 8;
/// Colour, coarse matte, outline, and the model's alpha.
const INPUTS: usize = 6;
/// Gain, offset, and three factors.
const OUTPUTS: usize = 5;
/// The outline's mean lies between these where body and room meet.
const BOUNDARY: (f32, f32) = (0.01, 0.99);
/// So many samples around that boundary are looked at: hairs and whiskers end there.
const AROUND: usize = 40;

/// Corrects the model around the outline. Where there is none nothing changes.
///
/// # Errors
/// [`PipelineError::Inference`] when ONNX Runtime fails or the network answers in another shape.
pub fn correct(fitted: &mut Fitted, models: &Models) -> Result<(), PipelineError> {
    let Some(window) = Window::around_the_outline(&fitted.outline) else { return Ok(()) };
    // A panic elsewhere cannot leave a session half-way through anything: it is used again.
    let mut session = models.refiner().lock().unwrap_or_else(|e| e.into_inner());
    let answer = ask(&mut session, &window, &window.input(fitted))?;
    window.apply(&answer, fitted);
    Ok(())
}

fn ask(session: &mut Session, window: &Window, input: &[f32]) -> Result<Vec<f32>, PipelineError> {
    let failed = |reason: String| PipelineError::Inference(reason);
    let shape = [1, INPUTS as i64, window.height as i64, window.width as i64];
    let value = TensorRef::from_array_view((shape, input)).map_err(|e| failed(e.to_string()))?;
    let outputs = session.run(ort::inputs![value]).map_err(|e| failed(e.to_string()))?;
    let (_, answer) = outputs[0].try_extract_tensor::<f32>().map_err(|e| failed(e.to_string()))?;
    if answer.len() != OUTPUTS * window.width * window.height {
        return Err(failed(format!("the refiner gave {} numbers for {}", answer.len(), input.len())));
    }
    Ok(answer.to_vec())
}

/// The part of the planes that the network looks at. It may end beyond them: their last samples are repeated there.
#[derive(Debug, PartialEq, Eq)]
struct Window {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Window {
    fn around_the_outline(outline: &Plane) -> Option<Self> {
        let meeting = outline.bounds(|o| o > BOUNDARY.0 && o < BOUNDARY.1)?;
        let (x, y) = (meeting.x0.saturating_sub(AROUND), meeting.y0.saturating_sub(AROUND));
        let width = ((meeting.x1 + AROUND).min(outline.width()) - x).next_multiple_of(STRIDE);
        let height = ((meeting.y1 + AROUND).min(outline.height()) - y).next_multiple_of(STRIDE);
        Some(Self { x, y, width, height })
    }

    fn input(&self, fitted: &Fitted) -> Vec<f32> {
        let alpha = fitted.model.at(&fitted.guide).map(|a| a.clamp(0.0, 1.0));
        let mut input = Vec::with_capacity(INPUTS * self.width * self.height);
        for plane in fitted.guide.iter().chain([&fitted.coarse, &fitted.outline, &alpha]) {
            for y in self.y..self.y + self.height {
                let row = plane.row(y.min(plane.height() - 1));
                let inside = &row[self.x..(self.x + self.width).min(plane.width())];
                input.extend(inside);
                input.extend(std::iter::repeat_n(row[plane.width() - 1], self.width - inside.len()));
            }
        }
        input
    }

    /// Puts the answer into the model.
    fn apply(&self, answer: &[f32], fitted: &mut Fitted) {
        let said = |output: usize, i: usize| answer[output * self.width * self.height + i];
        let (width, height) = fitted.outline.size();
        for y in self.y..(self.y + self.height).min(height) {
            for x in self.x..(self.x + self.width).min(width) {
                let (i, from) = (y * width + x, (y - self.y) * self.width + (x - self.x));
                let (gain, offset) = (said(0, from), said(1, from));
                let mut b = gain * fitted.model.b.data()[i] + offset;
                for (channel, guide) in fitted.guide.iter().enumerate() {
                    let factor = said(2 + channel, from);
                    let a = &mut fitted.model.a[channel].data_mut()[i];
                    *a = gain * *a + factor;
                    b -= factor * guide.data()[i];
                }
                fitted.model.b.data_mut()[i] = b;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::refine::linear_model::LinearModel;

    fn fitted(width: usize, height: usize, meets: impl Fn(usize, usize) -> bool) -> Fitted {
        let plane = |k: usize| Plane::from_fn(width, height, |x, y| (x * 7 + y * 3 + k) as f32 % 11.0 / 11.0);
        let outline = Plane::from_fn(width, height, |x, y| if meets(x, y) { 0.5 } else { 0.0 });
        let model = LinearModel { a: [plane(1), plane(2), plane(3)], b: plane(4) };
        Fitted { guide: [plane(5), plane(6), plane(7)], coarse: plane(8), outline, model }
    }

    #[test]
    fn without_an_outline_there_is_nothing_to_look_at() {
        assert_eq!(Window::around_the_outline(&fitted(50, 30, |_, _| false).outline), None);
    }

    proptest! {
        #[test]
        fn the_window_holds_the_outline_and_what_is_around_it(
            (width, height) in (1usize..200, 1usize..200), x in 0usize..200, y in 0usize..200, reach in 0usize..30,
        ) {
            let (x, y) = (x % width, y % height);
            let fitted = fitted(width, height, |u, v| u.abs_diff(x) <= reach && v.abs_diff(y) <= reach);
            let window = Window::around_the_outline(&fitted.outline).expect("there is an outline");
            prop_assert_eq!((window.width % STRIDE, window.height % STRIDE), (0, 0));
            prop_assert!(window.x <= x.saturating_sub(reach + AROUND));
            prop_assert!(window.x + window.width >= (x + reach + AROUND + 1).min(width));
            prop_assert!(window.y <= y.saturating_sub(reach + AROUND));
            prop_assert!(window.y + window.height >= (y + reach + AROUND + 1).min(height));
            prop_assert_eq!(window.input(&fitted).len(), INPUTS * window.width * window.height);
        }

        #[test]
        fn gain_offset_and_factors_do_to_alpha_what_they_say(
            gain in -2.0f32..3.0, offset in -1.0f32..1.0, factor in -3.0f32..3.0, pixel in 0.0f32..1.0,
        ) {
            let mut fitted = fitted(21, 13, |x, y| (x, y) == (10, 6));
            let window = Window::around_the_outline(&fitted.outline).expect("there is an outline");
            let area = window.width * window.height;
            let i = 6 * 21 + 10;
            let alpha = |f: &Fitted| f.model.b.data()[i] + f.model.a.iter().map(|a| a.data()[i] * pixel).sum::<f32>();
            let apart: f32 = fitted.guide.iter().map(|g| pixel - g.data()[i]).sum();
            let wanted = gain * alpha(&fitted) + offset + factor * apart;
            let answer: Vec<f32> =
                [gain, offset, factor, factor, factor].into_iter().flat_map(|v| vec![v; area]).collect();
            window.apply(&answer, &mut fitted);
            prop_assert!((alpha(&fitted) - wanted).abs() < 1e-4, "{} is not {wanted}", alpha(&fitted));
        }
    }
}
