//! A true matte where and how large the print shows it.

use headshot_pipeline::{Plane, Region, Space};

/// The part `region` of a plane at another size: area means when reduced, bilinear otherwise.
pub fn part<S: Space>(plane: &Plane, region: Region<S>, width: usize, height: usize) -> Plane {
    let (sx, sy) = (region.width / width as f64, region.height / height as f64);
    let steps = sx.max(sy).ceil().max(1.0) as usize;
    let inside = |i: usize, step: usize| i as f64 + (step as f64 + 0.5) / steps as f64;
    Plane::from_fn(width, height, |x, y| {
        let mut sum = 0.0;
        for row in 0..steps {
            for column in 0..steps {
                sum += bilinear(plane, region.x + inside(x, column) * sx, region.y + inside(y, row) * sy);
            }
        }
        sum / (steps * steps) as f32
    })
}

fn bilinear(plane: &Plane, x: f64, y: f64) -> f32 {
    let place = |v: f64, length: usize| {
        let v = (v - 0.5).clamp(0.0, (length - 1) as f64);
        (v as usize, (v as usize + 1).min(length - 1), v.fract() as f32)
    };
    let ((x0, x1, right), (y0, y1, down)) = (place(x, plane.width()), place(y, plane.height()));
    let between = |a: f32, b: f32, t: f32| a + t * (b - a);
    let above = between(plane.at(x0, y0), plane.at(x1, y0), right);
    let below = between(plane.at(x0, y1), plane.at(x1, y1), right);
    between(above, below, down)
}
