//! What is measured, on planes of values from 0 to 1.

use headshot_pipeline::Plane;

/// Sum of absolute differences.
pub fn sad(found: &Plane, truth: &Plane) -> f64 {
    found.data().iter().zip(truth.data()).map(|(a, b)| f64::from((a - b).abs())).sum()
}

/// The gradient error of Rhemann et al. ("A Perceptually Motivated Online Benchmark for Image Matting", CVPR 2009): the
/// squared difference of the gradients' lengths, taken with first derivatives of a Gaussian with σ = 1.4, summed.
pub fn gradient_error(found: &Plane, truth: &Plane) -> f64 {
    let (found, truth) = (gradient(found), gradient(truth));
    found.data().iter().zip(truth.data()).map(|(a, b)| f64::from((a - b) * (a - b))).sum()
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The value below which `share` of all values lie, between neighbours.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len().max(1) - 1) as f64;
    let at = |i: usize| sorted.get(i.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN);
    let (lower, upper) = (at(place as usize), at(place as usize + 1));
    lower + place.fract() * (upper - lower)
}

const SIGMA: f32 = 1.4;
/// Beyond this the Gaussian is below a hundredth.
const HALF: usize = 4;

fn gradient(plane: &Plane) -> Plane {
    let gauss: Vec<f32> =
        (0..=2 * HALF).map(|i| (-(i as f32 - HALF as f32).powi(2) / (2.0 * SIGMA * SIGMA)).exp()).collect();
    let slope: Vec<f32> = gauss.iter().enumerate().map(|(i, g)| (i as f32 - HALF as f32) * g).collect();
    let (gauss, slope) = (unit(&gauss), unit(&slope));
    let across = along_columns(&along_rows(plane, &slope), &gauss);
    let down = along_columns(&along_rows(plane, &gauss), &slope);
    across.zip(&down, f32::hypot)
}

/// Scaled to length 1, as the benchmark's own filters are.
fn unit(kernel: &[f32]) -> Vec<f32> {
    let length = kernel.iter().map(|v| v * v).sum::<f32>().sqrt();
    kernel.iter().map(|v| v / length).collect()
}

fn along_rows(plane: &Plane, kernel: &[f32]) -> Plane {
    convolved(plane, kernel, |x, y, i| (near(x, i, plane.width()), y))
}

fn along_columns(plane: &Plane, kernel: &[f32]) -> Plane {
    convolved(plane, kernel, |x, y, i| (x, near(y, i, plane.height())))
}

fn convolved(plane: &Plane, kernel: &[f32], place: impl Fn(usize, usize, usize) -> (usize, usize)) -> Plane {
    Plane::from_fn(plane.width(), plane.height(), |x, y| {
        let products = kernel.iter().enumerate().map(|(i, k)| {
            let (x, y) = place(x, y, i);
            k * plane.at(x, y)
        });
        products.sum()
    })
}

/// Neighbour `i` of a kernel around `at`; the border is repeated.
fn near(at: usize, i: usize, length: usize) -> usize {
    (at + i).saturating_sub(HALF).min(length - 1)
}
