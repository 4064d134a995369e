//! One channel of floating-point samples, and the two operations every stage needs: a box mean and a resize.

use super::geometry::{Region, Space};
use super::resample::Resample;

/// A row-major plane of `f32` samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    width: usize,
    height: usize,
    data: Vec<f32>,
}

/// A rectangle of samples; its second corner is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// First column.
    pub x0: usize,
    /// First row.
    pub y0: usize,
    /// One past the last column.
    pub x1: usize,
    /// One past the last row.
    pub y1: usize,
}

impl Plane {
    /// A plane of these samples, row by row.
    ///
    /// # Panics
    /// Where they are not `width × height`.
    pub fn new(width: usize, height: usize, data: Vec<f32>) -> Self {
        assert_eq!(data.len(), width * height, "a plane of {width} × {height} samples");
        Self { width, height, data }
    }

    /// A plane of one value.
    pub fn filled(width: usize, height: usize, value: f32) -> Self {
        Self { width, height, data: vec![value; width * height] }
    }

    /// A plane made by calling `f(x, y)`.
    pub fn from_fn(width: usize, height: usize, mut f: impl FnMut(usize, usize) -> f32) -> Self {
        let mut data = Vec::with_capacity(width * height);
        for y in 0..height {
            data.extend((0..width).map(|x| f(x, y)));
        }
        Self { width, height, data }
    }

    /// Width in samples.
    #[inline]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in samples.
    #[inline]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width and height in samples.
    #[inline]
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// All samples, row by row.
    #[inline]
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The same, to be written to.
    #[inline]
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// One row.
    #[inline]
    pub fn row(&self, y: usize) -> &[f32] {
        &self.data[y * self.width..(y + 1) * self.width]
    }

    /// The sample at `(x, y)`, which must be inside.
    #[inline]
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y * self.width + x]
    }

    /// The bounds of all samples that pass a test; `None` when none does.
    pub fn bounds(&self, test: impl Fn(f32) -> bool) -> Option<Bounds> {
        let mut bounds: Option<Bounds> = None;
        for y in 0..self.height {
            for (x, _) in self.row(y).iter().enumerate().filter(|&(_, &v)| test(v)) {
                let b = bounds.unwrap_or(Bounds { x0: x, y0: y, x1: x + 1, y1: y + 1 });
                bounds = Some(Bounds { x0: b.x0.min(x), y0: b.y0, x1: b.x1.max(x + 1), y1: y + 1 });
            }
        }
        bounds
    }

    /// Bilinear between the four samples around a point, sample centres lying at whole numbers; 0 beyond the plane.
    pub fn between(&self, x: f64, y: f64) -> f32 {
        if x <= -1.0 || y <= -1.0 || x >= self.width as f64 || y >= self.height as f64 {
            return 0.0;
        }
        let (tx, ty) = ((x - x.floor()) as f32, (y - y.floor()) as f32);
        let column = |v: f64| v.max(0.0).min((self.width - 1) as f64) as usize;
        let row = |v: f64| v.max(0.0).min((self.height - 1) as f64) as usize;
        let ((x0, x1), (y0, y1)) =
            ((column(x.floor()), column(x.floor() + 1.0)), (row(y.floor()), row(y.floor() + 1.0)));
        let above = self.at(x0, y0) + tx * (self.at(x1, y0) - self.at(x0, y0));
        let below = self.at(x0, y1) + tx * (self.at(x1, y1) - self.at(x0, y1));
        above + ty * (below - above)
    }

    /// The value below which `share` of the plane's weight lies. 0.5 for a plane without weight.
    pub fn percentile(&self, weight: &Self, share: f64) -> f32 {
        let mut histogram = vec![0f64; 1024];
        for (&v, &w) in self.data.iter().zip(&weight.data) {
            histogram[(v.clamp(0.0, 1.0) * 1023.0) as usize] += f64::from(w);
        }
        let total: f64 = histogram.iter().sum();
        let mut below = 0.0;
        for (i, &mass) in histogram.iter().enumerate() {
            if mass > 0.0 && below + mass >= share * total {
                let within = (share * total - below) / mass;
                return (i as f32 + within as f32) / 1024.0;
            }
            below += mass;
        }
        0.5
    }

    /// A new plane with `f` applied to each sample.
    pub fn map(&self, f: impl Fn(f32) -> f32) -> Self {
        Self { width: self.width, height: self.height, data: self.data.iter().map(|&v| f(v)).collect() }
    }

    /// A new plane with `f` applied to each pair of samples of two planes of one size.
    pub fn zip(&self, other: &Self, f: impl Fn(f32, f32) -> f32) -> Self {
        debug_assert_eq!((self.width, self.height), (other.width, other.height));
        let data = self.data.iter().zip(&other.data).map(|(&a, &b)| f(a, b)).collect();
        Self { width: self.width, height: self.height, data }
    }

    /// The mean over a square window of side `2 × radius + 1`, cut at the borders, in time independent of the radius.
    ///
    /// Running sums are kept in `f64`: `f32` sums drift visibly over a 12-megapixel plane.
    pub fn box_mean(&self, radius: usize) -> Self {
        if radius == 0 || self.data.is_empty() {
            return self.clone();
        }
        let (w, h) = (self.width, self.height);
        let mut across = Self::filled(w, h, 0.0);
        let mut y = 0;
        while y + LANES <= h {
            mean_along_rows::<LANES>(self, &mut across, y, radius);
            y += LANES;
        }
        for y in y..h {
            mean_along_rows::<1>(self, &mut across, y, radius);
        }
        let mut result = Self::filled(w, h, 0.0);
        let mut sums = vec![0f64; w];
        let mut count = 0usize;
        let add = |sums: &mut [f64], row: &[f32], sign: f64| {
            for (s, &v) in sums.iter_mut().zip(row) {
                *s += sign * f64::from(v);
            }
        };
        for y in 0..radius.min(h) {
            add(&mut sums, across.row(y), 1.0);
            count += 1;
        }
        for y in 0..h {
            if y + radius < h {
                add(&mut sums, across.row(y + radius), 1.0);
                count += 1;
            }
            if y > radius {
                add(&mut sums, across.row(y - radius - 1), -1.0);
                count -= 1;
            }
            let scale = 1.0 / count as f64;
            for (o, &s) in result.data[y * w..(y + 1) * w].iter_mut().zip(&sums) {
                *o = (s * scale) as f32;
            }
        }
        result
    }

    /// The part over `to` of a plane that is spread over `from`, at the same density.
    pub fn part<S: Space>(&self, from: Region<S>, to: Region<S>) -> Self {
        let (sx, sy) = (self.width as f64 / from.width, self.height as f64 / from.height);
        let side = |s: f64| (s.round() as usize).max(8);
        let (width, height) = (side(to.width * sx), side(to.height * sy));
        let position = |i: usize, n: usize, origin: f64, length: f64, scale: f64, max: usize| {
            let p =
                ((origin + (i as f64 + 0.5) / n as f64 * length) * scale - 0.5).clamp(0.0, (max - 1) as f64);
            (p as usize, p.fract() as f32)
        };
        Self::from_fn(width, height, |x, y| {
            let (x0, tx) = position(x, width, to.x - from.x, to.width, sx, self.width);
            let (y0, ty) = position(y, height, to.y - from.y, to.height, sy, self.height);
            let (x1, y1) = ((x0 + 1).min(self.width - 1), (y0 + 1).min(self.height - 1));
            let above = self.at(x0, y0) + tx * (self.at(x1, y0) - self.at(x0, y0));
            let below = self.at(x0, y1) + tx * (self.at(x1, y1) - self.at(x0, y1));
            above + ty * (below - above)
        })
    }

    /// The plane at another size: bilinear when enlarged, area-averaging when reduced.
    pub fn resize(&self, width: usize, height: usize) -> Self {
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let data = Resample::to(width, height).floats(&self.data, (self.width, self.height));
        Self { width, height, data }
    }
}

/// Rows that are summed side by side: one running sum waits for its own last addition, several keep the processor busy.
const LANES: usize = 8;

/// The running mean along rows `y .. y + N` of `source`, written to `target`.
fn mean_along_rows<const N: usize>(source: &Plane, target: &mut Plane, y: usize, radius: usize) {
    let w = source.width;
    let rows: [&[f32]; N] = std::array::from_fn(|i| source.row(y + i));
    let mut sums: [f64; N] =
        std::array::from_fn(|i| rows[i][..radius.min(w)].iter().map(|&v| f64::from(v)).sum());
    let mut count = radius.min(w);
    let out = &mut target.data[y * w..(y + N) * w];
    for x in 0..w {
        if x + radius < w {
            for (sum, row) in sums.iter_mut().zip(&rows) {
                *sum += f64::from(row[x + radius]);
            }
            count += 1;
        }
        if x > radius {
            for (sum, row) in sums.iter_mut().zip(&rows) {
                *sum -= f64::from(row[x - radius - 1]);
            }
            count -= 1;
        }
        let scale = 1.0 / count as f64;
        for (i, sum) in sums.iter().enumerate() {
            out[i * w + x] = (sum * scale) as f32;
        }
    }
}

/// Hermite step from 0 at `edge0` to 1 at `edge1`, slope 0 at both ends.
pub fn smoothstep(edge0: f32, edge1: f32, x: f32) -> f32 {
    let t = ((x - edge0) / (edge1 - edge0)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Samples a small plane as if it were enlarged to another size, one output row at a time.
///
/// Low-resolution coefficients are applied to high-resolution pixels through this: the enlarged plane never exists.
pub struct RowSampler<'a> {
    planes: Vec<&'a Plane>,
    out_height: usize,
    columns: Vec<(u32, f32)>,
    /// For each sample of a plane's row the first output column that no longer begins in its cell.
    cell_ends: Vec<u32>,
    rows: Vec<Vec<f32>>,
}

impl<'a> RowSampler<'a> {
    /// Prepares to read `planes` (all of one size) at `out_width × out_height`.
    pub fn new(planes: Vec<&'a Plane>, out_width: usize, out_height: usize) -> Self {
        let width = planes[0].width;
        let columns: Vec<_> = (0..out_width).map(|x| position(x, out_width, width)).collect();
        let mut cell_ends = vec![out_width as u32; width];
        for (x, &(cell, _)) in columns.iter().enumerate() {
            cell_ends[cell as usize] = x as u32 + 1;
        }
        let rows = vec![vec![0.0; width + 1]; planes.len()];
        Self { planes, out_height, columns, cell_ends, rows }
    }

    /// Moves to output row `y`.
    pub fn seek(&mut self, y: usize) {
        for (plane, row) in self.planes.iter().zip(&mut self.rows) {
            let (y0, t) = position(y, self.out_height, plane.height);
            let y0 = y0 as usize;
            let (above, below) = (plane.row(y0), plane.row((y0 + 1).min(plane.height - 1)));
            for ((r, &a), &b) in row.iter_mut().zip(above).zip(below) {
                *r = a + t * (b - a);
            }
            // One sample past the end saves a bounds decision per pixel.
            row[plane.width] = row[plane.width - 1];
        }
    }

    /// If both samples of plane `index` around `x` pass a test that any value between them then passes too: the output
    /// column up to which all do. Away from the boundary whole cells are settled at once.
    #[inline]
    pub fn settled(&self, index: usize, x: usize, test: impl Fn(f32) -> bool) -> Option<usize> {
        let x0 = self.columns[x].0 as usize;
        let row = &self.rows[index];
        (test(row[x0]) && test(row[x0 + 1])).then(|| self.cell_ends[x0] as usize)
    }

    /// Whether any sample of plane `index` in the current row passes a test.
    pub fn any(&self, index: usize, test: impl Fn(f32) -> bool) -> bool {
        self.rows[index].iter().any(|&v| test(v))
    }

    /// The value of plane `index` at output column `x` of the current row.
    #[inline]
    pub fn get(&self, index: usize, x: usize) -> f32 {
        let (x0, t) = self.columns[x];
        let row = &self.rows[index];
        let (a, b) = (row[x0 as usize], row[x0 as usize + 1]);
        a + t * (b - a)
    }
}

/// Pixel centre `i` of `n` outputs in coordinates of `m` inputs: the lower neighbour and the weight of the upper.
fn position(i: usize, n: usize, m: usize) -> (u32, f32) {
    let p = ((i as f32 + 0.5) * m as f32 / n as f32 - 0.5).clamp(0.0, (m - 1) as f32);
    (p as u32, p.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow_box_mean(p: &Plane, r: usize) -> Plane {
        Plane::from_fn(p.width, p.height, |x, y| {
            let (mut sum, mut n) = (0.0, 0.0);
            for v in y.saturating_sub(r)..=(y + r).min(p.height - 1) {
                for u in x.saturating_sub(r)..=(x + r).min(p.width - 1) {
                    sum += p.at(u, v);
                    n += 1.0;
                }
            }
            sum / n
        })
    }

    #[test]
    fn box_mean_is_the_mean_of_its_window_whatever_the_radius() {
        let p = Plane::from_fn(13, 7, |x, y| ((x * 31 + y * 17) % 11) as f32);
        for radius in [0, 1, 2, 6, 7, 12, 40] {
            let (fast, slow) = (p.box_mean(radius), slow_box_mean(&p, radius));
            for (a, b) in fast.data.iter().zip(&slow.data) {
                assert!((a - b).abs() < 1e-4, "radius {radius}: {a} is not {b}");
            }
        }
    }

    #[test]
    fn the_row_sampler_reads_what_a_resize_would_make() {
        let p = Plane::from_fn(9, 5, |x, y| x as f32 + 10.0 * y as f32);
        let large = p.resize(36, 20);
        let mut sampler = RowSampler::new(vec![&p], 36, 20);
        for y in 0..20 {
            sampler.seek(y);
            for x in 0..36 {
                assert!((sampler.get(0, x) - large.at(x, y)).abs() < 1e-3, "at {x},{y}");
            }
        }
    }

    #[test]
    fn percentiles_count_weight_not_pixels() {
        let values = Plane::from_fn(100, 1, |x, _| x as f32 / 100.0);
        let upper_half = Plane::from_fn(100, 1, |x, _| if x >= 50 { 1.0 } else { 0.0 });
        let median = values.percentile(&upper_half, 0.5);
        assert!((median - 0.75).abs() < 0.02, "{median}");
    }
}
