//! Alpha as a linear function of colour around each sample: the guided filter's model.

use crate::base::plane::Plane;

/// `alpha = a · colour + b`, smoothed over the windows that share a sample.
pub struct LinearModel {
    /// One factor per channel of colour, which is in 0..1.
    pub a: [Plane; 3],
    /// What is added.
    pub b: Plane,
}

impl LinearModel {
    /// Alpha of colours at the model's own resolution; may lie outside 0..1.
    pub fn at(&self, guide: &[Plane; 3]) -> Plane {
        let mut alpha = self.b.clone();
        for (a, seen) in self.a.iter().zip(guide) {
            for ((alpha, a), seen) in alpha.data_mut().iter_mut().zip(a.data()).zip(seen.data()) {
                *alpha += a * seen;
            }
        }
        alpha
    }
}

/// Least squares in windows of this radius around each sample; `epsilon` keeps the factors small where colour says nothing.
pub fn fit(guide: &[Plane; 3], target: &Plane, radius: usize, epsilon: f32) -> LinearModel {
    let mean = |p: &Plane| p.box_mean(radius);
    let product = |p: &Plane, q: &Plane| mean(&p.zip(q, |a, b| a * b));
    let [r, g, b] = guide;
    let mean_i = [mean(r), mean(g), mean(b)];
    let mean_p = mean(target);
    let ip = [product(r, target), product(g, target), product(b, target)];
    let ii = [product(r, r), product(r, g), product(r, b), product(g, g), product(g, b), product(b, b)];

    let (w, h) = target.size();
    let mut a = [Plane::filled(w, h, 0.0), Plane::filled(w, h, 0.0), Plane::filled(w, h, 0.0)];
    let mut offset = Plane::filled(w, h, 0.0);
    for i in 0..w * h {
        let m = [mean_i[0].data()[i], mean_i[1].data()[i], mean_i[2].data()[i]];
        let p = mean_p.data()[i];
        let covariance = [0, 1, 2].map(|c| ip[c].data()[i] - m[c] * p);
        let s = |k: usize, c: usize, d: usize| ii[k].data()[i] - m[c] * m[d];
        let sigma = [
            s(0, 0, 0) + epsilon,
            s(1, 0, 1),
            s(2, 0, 2),
            s(3, 1, 1) + epsilon,
            s(4, 1, 2),
            s(5, 2, 2) + epsilon,
        ];
        let solved = solve_symmetric(sigma, covariance);
        for c in 0..3 {
            a[c].data_mut()[i] = solved[c];
        }
        offset.data_mut()[i] = p - solved[0] * m[0] - solved[1] * m[1] - solved[2] * m[2];
    }
    LinearModel { a: a.map(|plane| mean(&plane)), b: mean(&offset) }
}

/// Solves `S x = v` for a symmetric positive definite 3 × 3 matrix given as xx, xy, xz, yy, yz, zz.
fn solve_symmetric([xx, xy, xz, yy, yz, zz]: [f32; 6], v: [f32; 3]) -> [f32; 3] {
    let c00 = yy * zz - yz * yz;
    let c01 = xz * yz - xy * zz;
    let c02 = xy * yz - xz * yy;
    let determinant = xx * c00 + xy * c01 + xz * c02;
    let c11 = xx * zz - xz * xz;
    let c12 = xy * xz - xx * yz;
    let c22 = xx * yy - xy * xy;
    let inverse = if determinant.abs() > 1e-20 { 1.0 / determinant } else { 0.0 };
    [
        (c00 * v[0] + c01 * v[1] + c02 * v[2]) * inverse,
        (c01 * v[0] + c11 * v[1] + c12 * v[2]) * inverse,
        (c02 * v[0] + c12 * v[1] + c22 * v[2]) * inverse,
    ]
}
