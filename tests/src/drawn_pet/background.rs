//! Places far behind the animal. They are painted small and stretched, which is what being out of focus looks like.

use super::Background;
use super::canvas::Canvas;
use super::noise::{Random, blend, step};

/// Long side of the small painting.
const LONG_SIDE: usize = 240;

/// Paints a place over the whole canvas.
pub fn paint(canvas: &mut Canvas, place: Background, random: &mut Random) {
    let scale = LONG_SIDE as f32 / canvas.width.max(canvas.height) as f32;
    let side = |s: usize| ((s as f32 * scale).round() as usize).max(8);
    let mut small = Small::new(side(canvas.width), side(canvas.height));
    match place {
        Background::Garden => garden(&mut small, random),
        Background::Room => room(&mut small, random),
    }
    small.blur(2);
    small.blur(2);
    small.stretch(canvas);
}

fn garden(small: &mut Small, random: &mut Random) {
    small.gradient([0.50, 0.60, 0.38], [0.25, 0.36, 0.17]);
    for _ in 0..90 {
        let (x, y) = (random.unit(), random.between(-0.1, 0.75));
        let leaf = blend([0.16, 0.27, 0.10], [0.62, 0.72, 0.40], random.unit());
        small.disc(x, y, random.between(0.04, 0.16), leaf, 0.4);
    }
    small.blur(3);
    for _ in 0..26 {
        let (x, y) = (random.unit(), random.between(0.0, 0.5));
        small.disc(x, y, random.between(0.02, 0.05), [0.90, 0.92, 0.68], random.between(0.12, 0.4));
    }
    let lawn = random.between(0.72, 0.8);
    small.paint(|_, y, colour| blend(colour, [0.36, 0.50, 0.22], 0.85 * step(lawn - 0.04, lawn + 0.04, y)));
}

fn room(small: &mut Small, random: &mut Random) {
    small.gradient([0.70, 0.64, 0.56], [0.56, 0.49, 0.42]);
    let window = random.between(0.06, 0.16);
    small.paint(|x, y, colour| {
        let pane = step(window - 0.02, window, x) * step(window + 0.27, window + 0.25, x);
        let pane = pane * step(0.04, 0.06, y) * step(0.46, 0.44, y);
        let bar = 1.0 - 0.45 * (step(0.012, 0.004, (x - window - 0.125).abs()));
        blend(colour, [0.95 * bar, 0.96 * bar, 0.97 * bar], pane)
    });
    // A picture on the wall, a plant and a sofa.
    small.paint(|x, y, colour| {
        let frame = step(0.70, 0.705, x) * step(0.93, 0.925, x) * step(0.10, 0.105, y) * step(0.34, 0.335, y);
        blend(colour, [0.34, 0.40, 0.46], 0.8 * frame)
    });
    for _ in 0..24 {
        let (x, y) = (random.between(0.92, 1.04), random.between(0.36, 0.66));
        small.disc(x, y, random.between(0.015, 0.05), [0.24, random.between(0.32, 0.44), 0.22], 0.6);
    }
    let sofa = random.between(0.60, 0.66);
    small.paint(|x, y, colour| {
        let back = step(sofa, sofa + 0.03, y + 0.05 * (x - 0.5) * (x - 0.5));
        let shade = 0.8 + 0.2 * step(sofa + 0.02, sofa + 0.12, y);
        blend(colour, [0.36 * shade, 0.43 * shade, 0.50 * shade], back)
    });
}

struct Small {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
}

impl Small {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0.0; 3]; width * height] }
    }

    /// `paint` is given a place from 0 to 1 and the colour there.
    fn paint(&mut self, paint: impl Fn(f32, f32, [f32; 3]) -> [f32; 3]) {
        for (i, pixel) in self.pixels.iter_mut().enumerate() {
            let x = ((i % self.width) as f32 + 0.5) / self.width as f32;
            let y = ((i / self.width) as f32 + 0.5) / self.height as f32;
            *pixel = paint(x, y, *pixel);
        }
    }

    fn gradient(&mut self, above: [f32; 3], below: [f32; 3]) {
        self.paint(|_, y, _| blend(above, below, y));
    }

    /// `radius` is a share of the height.
    fn disc(&mut self, x: f32, y: f32, radius: f32, colour: [f32; 3], opacity: f32) {
        let aspect = self.width as f32 / self.height as f32;
        self.paint(|px, py, old| {
            let distance = ((px - x) * aspect).hypot(py - y);
            blend(old, colour, opacity * step(radius * 1.15, radius * 0.9, distance))
        });
    }

    fn blur(&mut self, radius: usize) {
        let (width, height) = (self.width, self.height);
        self.blur_lines(radius, width, height, 1, width);
        self.blur_lines(radius, height, width, width, 1);
    }

    fn blur_lines(&mut self, radius: usize, length: usize, lines: usize, along: usize, across: usize) {
        for line in 0..lines {
            let at = |i: usize| line * across + i * along;
            let old: Vec<[f32; 3]> = (0..length).map(|i| self.pixels[at(i)]).collect();
            for i in 0..length {
                let window = &old[i.saturating_sub(radius)..(i + radius + 1).min(length)];
                let sum = |c: usize| window.iter().map(|p| p[c]).sum::<f32>() / window.len() as f32;
                self.pixels[at(i)] = [sum(0), sum(1), sum(2)];
            }
        }
    }

    /// Enlarges it to the whole canvas; the matte stays empty.
    fn stretch(&self, canvas: &mut Canvas) {
        let place = |i: usize, from: usize, to: usize| {
            let p = ((i as f32 + 0.5) / from as f32 * to as f32 - 0.5).clamp(0.0, to as f32 - 1.001);
            (p as usize, p.fract())
        };
        let columns: Vec<(usize, f32)> =
            (0..canvas.width).map(|x| place(x, canvas.width, self.width)).collect();
        for y in 0..canvas.height {
            let (row, down) = place(y, canvas.height, self.height);
            let line: Vec<[f32; 3]> = (0..self.width)
                .map(|x| {
                    blend(self.pixels[row * self.width + x], self.pixels[(row + 1) * self.width + x], down)
                })
                .collect();
            let out = &mut canvas.pixels[y * canvas.width..(y + 1) * canvas.width];
            for (pixel, &(column, right)) in out.iter_mut().zip(&columns) {
                let [r, g, b] = blend(line[column], line[column + 1], right);
                *pixel = [r, g, b, 0.0];
            }
        }
    }
}
