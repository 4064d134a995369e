//! Photo and matte, painted together.

use image::{GrayImage, RgbImage};

use super::frame::{Frame, Point};
use super::noise::Random;

/// Red, green, blue from 0 to 1, and how much of the pixel the animal covers.
pub struct Canvas {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Row by row.
    pub pixels: Vec<[f32; 4]>,
}

/// A hair, a whisker or a line: thick at its root, pointed at its tip.
pub struct Stroke {
    /// Where it begins, in pixels.
    pub root: Point,
    /// Where it ends, in pixels.
    pub tip: Point,
    /// How far it bends sideways on its way, in pixels.
    pub bend: f32,
    /// Its thickness at the root, in pixels.
    pub width: f32,
    /// Its thickness at the tip, as a share of that at the root.
    pub taper: f32,
    /// Colours at root and tip.
    pub colours: [[f32; 3]; 2],
    /// How much it hides.
    pub opacity: f32,
}

impl Canvas {
    /// Black, without an animal.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0.0; 4]; width * height] }
    }

    fn cover(&mut self, index: usize, colour: [f32; 3], cover: f32) {
        let pixel = &mut self.pixels[index];
        for (value, colour) in pixel.iter_mut().zip([colour[0], colour[1], colour[2], 1.0]) {
            *value += cover * (colour - *value);
        }
    }

    /// Draws a stroke. It is cut into pixels along its longer axis, so each pixel is touched once.
    pub fn stroke(&mut self, stroke: &Stroke) {
        let (dx, dy) = (stroke.tip[0] - stroke.root[0], stroke.tip[1] - stroke.root[1]);
        let upright = dy.abs() >= dx.abs();
        let turn = |p: Point| if upright { [p[1], p[0]] } else { p };
        let (root, tip) = (turn(stroke.root), turn(stroke.tip));
        let span = tip[0] - root[0];
        if span.abs() < 0.5 {
            return;
        }
        let slant = dx.hypot(dy) / span.abs();
        let (long, wide) = if upright { (self.height, self.width) } else { (self.width, self.height) };
        let first = root[0].min(tip[0]).round().clamp(0.0, long as f32) as usize;
        let last = root[0].max(tip[0]).round().clamp(0.0, long as f32) as usize;
        for i in first..last {
            let s = ((i as f32 + 0.5 - root[0]) / span).clamp(0.0, 1.0);
            let middle = root[1] + (tip[1] - root[1]) * s + stroke.bend * s * s - 0.5;
            let width = stroke.width * slant * (1.0 + (stroke.taper - 1.0) * s);
            // Thinner than a pixel: paler rather than thinner.
            let strength = stroke.opacity * width.min(1.0);
            let reach = width.max(1.0) / 2.0 + 0.5;
            let colour =
                [0, 1, 2].map(|c| stroke.colours[0][c] + (stroke.colours[1][c] - stroke.colours[0][c]) * s);
            let from = (middle - reach).ceil().max(0.0) as usize;
            let to = (middle + reach).floor().min(wide as f32 - 1.0);
            if to < 0.0 {
                continue;
            }
            for j in from..=to as usize {
                let cover = strength * (reach - (j as f32 - middle).abs()).clamp(0.0, 1.0);
                let index = if upright { i * self.width + j } else { j * self.width + i };
                self.cover(index, colour, cover);
            }
        }
    }

    /// Paints part of the box around a point, which reaches `reach` to all sides in the frame's coordinates: `paint`
    /// is given a point relative to the middle and answers with a colour and how much of it.
    pub fn fill(
        &mut self,
        frame: Frame,
        middle: Point,
        reach: f32,
        paint: impl Fn(Point) -> ([f32; 3], f32),
    ) {
        let centre = frame.to_pixels(middle);
        let around = reach * frame.scale;
        let clamp = |v: f32, end: usize| v.clamp(0.0, end as f32) as usize;
        let columns = clamp(centre[0] - around, self.width)..clamp(centre[0] + around + 1.0, self.width);
        let rows = clamp(centre[1] - around, self.height)..clamp(centre[1] + around + 1.0, self.height);
        for y in rows {
            for x in columns.clone() {
                let point = frame.point_at([x as f32 + 0.5, y as f32 + 0.5]);
                let (colour, cover) = paint([point[0] - middle[0], point[1] - middle[1]]);
                if cover > 0.0 {
                    self.cover(y * self.width + x, colour, cover.min(1.0));
                }
            }
        }
    }

    /// Paints what `paint` says, which is asked only every few pixels: a colour, and how far inside the shape a point
    /// lies, in pixels.
    pub fn fill_coarsely(&mut self, rows: std::ops::Range<usize>, paint: impl Fn(Point) -> [f32; 4]) {
        const STEP: usize = 6;
        let columns = self.width / STEP + 2;
        let ask = |row: usize| -> Vec<[f32; 4]> {
            (0..columns).map(|c| paint([(c * STEP) as f32, (row * STEP) as f32])).collect()
        };
        let (mut above_row, mut above, mut below) = (usize::MAX, Vec::new(), Vec::new());
        for y in rows.start.min(self.height)..rows.end.min(self.height) {
            if y / STEP != above_row {
                above = if above_row.wrapping_add(1) == y / STEP { below } else { ask(y / STEP) };
                above_row = y / STEP;
                below = ask(above_row + 1);
            }
            let down = (y % STEP) as f32 / STEP as f32;
            for x in 0..self.width {
                let (column, right) = (x / STEP, (x % STEP) as f32 / STEP as f32);
                let [a, b, c, d] = [above[column], above[column + 1], below[column], below[column + 1]];
                let at = |k: usize| {
                    let (upper, lower) = (a[k] + (b[k] - a[k]) * right, c[k] + (d[k] - c[k]) * right);
                    upper + (lower - upper) * down
                };
                let cover = (at(3) + 0.5).clamp(0.0, 1.0);
                if cover > 0.0 {
                    self.cover(y * self.width + x, [at(0), at(1), at(2)], cover);
                }
            }
        }
    }

    /// The finished photo, with a sensor's grain, and the matte.
    pub fn develop(self, random: &mut Random) -> (RgbImage, GrayImage) {
        let (width, height) = (self.width as u32, self.height as u32);
        let mut photo = Vec::with_capacity(self.pixels.len() * 3);
        let mut alpha = Vec::with_capacity(self.pixels.len());
        for [r, g, b, a] in self.pixels {
            let bits = random.bits();
            let byte = |shift: u32| f32::from((bits >> shift) as u8) / 255.0 - 0.5;
            let common = (byte(0) + byte(8) + byte(16)) * 3.2;
            for (value, shift) in [(r, 24), (g, 32), (b, 40)] {
                photo.push((value * 255.0 + common + byte(shift) * 2.5 + 0.5).clamp(0.0, 255.0) as u8);
            }
            alpha.push((a * 255.0 + 0.5) as u8);
        }
        let photo = RgbImage::from_raw(width, height, photo).unwrap_or_default();
        (photo, GrayImage::from_raw(width, height, alpha).unwrap_or_default())
    }
}
