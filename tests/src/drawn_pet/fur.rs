//! Growing hairs on a part.

use super::canvas::{Canvas, Stroke};
use super::noise::{Random, noise};
use super::part::Part;

/// Hairs of one kind, painted one after the other.
struct Pass {
    /// Hairs on an area of 1 × 1.
    density: f32,
    /// Thickness at the root.
    width: f32,
    /// Length, as a share of the part's.
    length: f32,
    /// How bright.
    brightness: f32,
    /// How differently bright.
    variety: f32,
    /// How much they hide.
    opacity: f32,
    /// How far inside the part they take root.
    inset: f32,
}

/// From thick, dark tufts below to fine, bright hairs above.
const PASSES: [Pass; 4] = [
    Pass {
        density: 900.0,
        width: 0.045,
        length: 0.8,
        brightness: 0.66,
        variety: 0.10,
        opacity: 0.9,
        inset: 0.015,
    },
    Pass {
        density: 3600.0,
        width: 0.016,
        length: 1.0,
        brightness: 0.84,
        variety: 0.16,
        opacity: 0.8,
        inset: 0.0,
    },
    Pass {
        density: 9000.0,
        width: 0.0075,
        length: 1.0,
        brightness: 1.0,
        variety: 0.20,
        opacity: 0.75,
        inset: 0.0,
    },
    Pass {
        density: 5200.0,
        width: 0.0045,
        length: 1.15,
        brightness: 1.14,
        variety: 0.26,
        opacity: 0.7,
        inset: -0.01,
    },
];

/// Covers a part with fur.
pub fn grow(canvas: &mut Canvas, part: &Part, random: &mut Random) {
    underpaint(canvas, part);
    for pass in &PASSES {
        let [left, top, right, bottom] = part.bounds;
        let tries = (pass.density * (right - left) * (bottom - top)) as usize;
        let mut hairs: Vec<(f32, Stroke)> = (0..tries)
            .filter_map(|_| {
                let root = [random.between(left, right), random.between(top, bottom)];
                ((part.depth)(root) > pass.inset).then(|| hair(part, pass, root, random))
            })
            .collect();
        hairs.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        for (_, stroke) in &hairs {
            canvas.stroke(stroke);
        }
    }
}

/// What shows between the hairs.
fn underpaint(canvas: &mut Canvas, part: &Part) {
    let frame = part.frame;
    let [left, top, right, bottom] = part.bounds;
    let [_, y, _, height] = frame.bounds(left, top, right, bottom);
    let rows = y.max(0.0) as usize..(y + height).max(0.0) as usize;
    canvas.fill_coarsely(rows, |pixel| {
        let point = frame.point_at(pixel);
        let depth = (part.depth)(point);
        if depth < -0.1 {
            return [0.0, 0.0, 0.0, -1e3];
        }
        let bright = 0.6 * part.brightness(point);
        let [r, g, b] = (part.colour)(point);
        [r * bright, g * bright, b * bright, (depth - 0.012) * frame.scale]
    });
}

fn hair(part: &Part, pass: &Pass, root: [f32; 2], random: &mut Random) -> (f32, Stroke) {
    let [x, y] = root;
    // Neighbours point the same way: fur falls in locks.
    let lock = noise(x * 7.0 + 40.0, y * 7.0) + 0.6 * noise(x * 17.0, y * 17.0 + 9.0);
    let flow = (part.flow)(root);
    let angle = flow[1].atan2(flow[0]) + 0.34 * lock + 0.16 * random.around_zero();
    let length = (part.length)(root) * pass.length * random.between(0.6, 1.15);
    let (sine, cosine) = angle.sin_cos();
    let tip = [x + cosine * length, y + sine * length];
    let scale = part.frame.scale;

    let locks = 1.0 + 0.13 * noise(x * 11.0 - 3.0, y * 11.0 + 70.0) + 0.08 * noise(x * 31.0, y * 31.0);
    let own = 1.0 + pass.variety * random.around_zero();
    let bright = part.brightness(root) * pass.brightness * locks * own;
    // A hair keeps the colour of its root, and looks at its tip as the light there does.
    let colour = (part.colour)(root);
    let lit = |bright: f32| colour.map(|c| (c * bright).min(1.0));
    let stroke = Stroke {
        root: part.frame.to_pixels(root),
        tip: part.frame.to_pixels(tip),
        bend: length * scale * 0.22 * (lock * 0.6 + random.around_zero()),
        width: pass.width * scale * random.between(0.7, 1.2),
        taper: 0.15,
        colours: [lit(bright * 0.86), lit(bright * 1.1)],
        opacity: pass.opacity,
    };
    ((part.rank)(root) + 0.02 * random.around_zero(), stroke)
}
