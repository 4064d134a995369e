//! Noses, mouths, whiskers and the tufts in a cat's ears.

use super::canvas::{Canvas, Stroke};
use super::frame::{Frame, Point};
use super::noise::{Random, blend, hill, mix, noise, step};
use super::part::ellipse;

/// The long pale hairs that grow across a cat's ear.
pub fn ear_tufts(canvas: &mut Canvas, frame: &Frame, fur: [f32; 3], random: &mut Random) {
    for i in 0..360 {
        let mirror = if i % 2 == 0 { -1.0 } else { 1.0 };
        let t = random.unit();
        let root = [mirror * (0.38 + 0.22 * t + 0.06 * random.around_zero()), -0.66 - 0.36 * t];
        let length = random.between(0.14, 0.36);
        let angle = random.between(0.35, 1.2);
        let tip = [root[0] + mirror * length * angle.cos(), root[1] - length * angle.sin() * 0.8];
        let bright = random.between(0.75, 1.1);
        let pale = blend(fur, [0.9, 0.88, 0.85], 0.35).map(|c| (c * bright).min(1.0));
        line(canvas, frame, [root, tip], 0.007, mirror * -0.05, [pale.map(|c| c * 0.8), pale], 0.4);
    }
}

/// The little triangle, the line below it and the two arcs of the mouth.
pub fn cat_nose_and_mouth(canvas: &mut Canvas, frame: &Frame, skin: [f32; 3]) {
    let dark = blend(skin, [0.12, 0.08, 0.07], 0.72);
    line(canvas, frame, [[0.0, 0.32], [0.0, 0.475]], 0.022, 0.0, [dark, dark], 0.85);
    for mirror in [-1.0, 1.0] {
        smile(canvas, frame, [[0.0, 0.46], [mirror * 0.12, 0.62], [mirror * 0.30, 0.52]], 0.026, dark);
        for row in 0..3 {
            for spot in 0..4 {
                let (row, spot) = (row as f32, spot as f32);
                let at = [mirror * (0.12 + 0.075 * spot + 0.02 * row), 0.385 + 0.055 * row - 0.012 * spot];
                canvas.fill(*frame, at, 0.03, |[x, y]| ([0.25, 0.2, 0.18], 0.35 * hill(x, y, 0.013)));
            }
        }
    }
    canvas.fill(*frame, [0.0, 0.26], 0.3, |[x, y]| {
        let down = ((y + 0.085) / 0.165).clamp(0.0, 1.0);
        let half = 0.145 * (1.0 - down.powf(1.7)) + 0.012;
        let depth = (half - x.abs()).min(y + 0.085 - 0.02 * (x * 20.0).cos()).min(0.085 - y);
        let cover = step(-0.006, 0.012, depth);
        let nostrils = hill(x.abs() - 0.075, (y - 0.005) * 1.5, 0.028);
        let shine = 0.5 * hill(x + 0.03, (y + 0.05) * 2.0, 0.06);
        let colour =
            blend(skin.map(|c| c * (1.05 - 2.0 * (y + 0.05).max(0.0))), dark.map(|c| c * 0.5), nostrils);
        (blend(colour, [1.0, 0.95, 0.93], shine * 0.55), cover)
    });
}

/// Long stiff hairs to both sides of the muzzle and a few above the eyes.
pub fn whiskers(canvas: &mut Canvas, frame: &Frame, colour: [f32; 3], random: &mut Random) {
    for mirror in [-1.0, 1.0] {
        for i in 0..10 {
            let share = i as f32 / 9.0;
            let root = [mirror * random.between(0.14, 0.34), 0.38 + 0.13 * share];
            let length = random.between(0.95, 1.4);
            let angle = -0.28 + 0.62 * share + 0.06 * random.around_zero();
            let tip = [root[0] + mirror * length * angle.cos(), root[1] + length * angle.sin()];
            line(canvas, frame, [root, tip], 0.0085, random.between(0.05, 0.22), [colour, colour], 0.85);
        }
        for _ in 0..3 {
            let root = [mirror * random.between(0.34, 0.46), -0.34];
            let tip = [root[0] + mirror * random.between(0.15, 0.4), root[1] - random.between(0.4, 0.7)];
            line(canvas, frame, [root, tip], 0.006, mirror * 0.12, [colour, colour], 0.6);
        }
    }
}

/// A broad wet nose, the lips' line and a smile.
pub fn dog_nose_and_mouth(canvas: &mut Canvas, frame: &Frame, random: &mut Random) {
    let dark = [0.09, 0.07, 0.065];
    line(canvas, frame, [[0.0, 0.40], [0.0, 0.66]], 0.026, 0.0, [dark, dark], 0.85);
    for mirror in [-1.0, 1.0] {
        smile(canvas, frame, [[0.0, 0.645], [mirror * 0.20, 0.86], [mirror * 0.50, 0.60]], 0.034, dark);
        for _ in 0..9 {
            let root = [mirror * random.between(0.16, 0.36), random.between(0.42, 0.62)];
            let tip = [root[0] + mirror * random.between(0.15, 0.4), root[1] + random.between(0.02, 0.25)];
            line(canvas, frame, [root, tip], 0.0055, 0.05, [dark, dark], 0.5);
        }
    }
    canvas.fill(*frame, [0.0, 0.28], 0.4, |[x, y]| {
        // Broad above, narrow below.
        let narrow = 0.245 - 0.085 * step(-0.08, 0.16, y);
        let depth = ellipse(x, y, narrow, 0.165);
        let cover = step(-0.008, 0.014, depth);
        let pebbles = 1.0 + 0.22 * noise(x * 70.0, y * 70.0);
        let round = 0.6 + 0.9 * step(0.15, -0.17, y);
        let skin = [0.125, 0.115, 0.12].map(|c| c * pebbles * round);
        let nostrils = hill((x.abs() - 0.105 - 0.05 * y) * 0.8, (y - 0.02) * 1.15, 0.045);
        let slit = hill((x.abs() - 0.175) * 0.55, (y - 0.055) * 2.0, 0.05) * 0.8;
        let groove = hill(x * 3.0, (y - 0.09) * 0.6, 0.035) * 0.7;
        let colour = blend(skin, [0.012; 3], nostrils.max(slit).max(groove).min(1.0));
        let shine = hill(x + 0.05, (y + 0.095) * 2.4, 0.085) + 0.4 * hill(x - 0.10, (y + 0.08) * 2.4, 0.05);
        (blend(colour, [0.86, 0.90, 0.96], 0.62 * shine.min(1.0)), cover)
    });
}

/// Half a mouth: from the middle, down and up again to its corner.
fn smile(canvas: &mut Canvas, frame: &Frame, curve: [Point; 3], width: f32, colour: [f32; 3]) {
    const PIECES: usize = 48;
    let at = |t: f32| -> Point {
        [0, 1].map(|axis| {
            let [from, over, to] = curve.map(|point| point[axis]);
            mix(mix(from, over, t), mix(over, to, t), t)
        })
    };
    for i in 0..PIECES {
        let along = |i: f32| i / PIECES as f32;
        let ends = [at(along(i as f32)), at(along(i as f32 + 3.0))];
        line(canvas, frame, ends, width * (1.0 - 0.55 * along(i as f32)), 0.0, [colour, colour], 0.5);
    }
}

/// A stroke in the head's coordinates.
fn line(
    canvas: &mut Canvas,
    frame: &Frame,
    [root, tip]: [Point; 2],
    width: f32,
    bend: f32,
    colours: [[f32; 3]; 2],
    opacity: f32,
) {
    canvas.stroke(&Stroke {
        root: frame.to_pixels(root),
        tip: frame.to_pixels(tip),
        bend: bend * frame.scale,
        width: width * frame.scale,
        taper: 0.3,
        colours,
        opacity,
    });
}
