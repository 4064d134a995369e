//! A cat from front: chest, ears, head, face.

use super::canvas::Canvas;
use super::coat::{Region, colour};
use super::eyes::{self, Eye};
use super::face;
use super::frame::{Frame, Point};
use super::fur::grow;
use super::noise::{Random, blend, hill, step};
use super::part::{Part, dome, ellipse, least, side, under_the_chin};
use super::{Coat, Species};

/// Left, top, right and bottom of the head with its ears.
pub const HEAD_BOX: (f32, f32, f32, f32) = (-1.18, -1.5, 1.18, 0.98);

/// The middle of the eye on the right; the other lies opposite.
pub const EYE: [f32; 2] = [0.40, -0.06];

/// Paints the animal from back to front.
pub fn paint(canvas: &mut Canvas, body: &Frame, head: &Frame, coat: Coat, random: &mut Random) {
    let fur = move |region| move |point| colour(coat, Species::Cat, region, point);
    let chest = Part {
        frame: *body,
        bounds: [-1.9, -0.2, 1.9, 3.4],
        depth: |[x, y]| least(shoulders(y) - x.abs(), y + 0.1, 0.3),
        flow: |[x, y]| [0.55 * x, 1.0 + 0.2 * y],
        length: |[x, y]| 0.24 + 0.12 * step(0.9, 0.1, x.abs()) * step(0.6, 1.2, y),
        relief: |[x, y]| dome(x, 0.0, shoulders(y) + 0.1, 9.0) + 0.25 * hill(x, y - 1.3, 0.6),
        rank: |[_, y]| y,
        colour: Box::new(fur(Region::Body)),
        light: |p| under_the_chin(p, 0.92),
    };
    grow(canvas, &chest, random);
    let ears = Part {
        frame: *head,
        bounds: [-1.2, -1.55, 1.2, -0.1],
        depth: ear,
        flow: |[x, y]| [x.signum() * (0.25 + 0.3 * (x.abs() - 0.6)), -1.0 - 0.1 * y],
        length: |p| 0.09 + 0.05 * step(0.15, 0.05, ear(p)),
        relief: |[x, y]| -0.35 * hill(x.abs() - 0.70, (y + 0.80) * 0.7, 0.26),
        rank: |[_, y]| -y,
        colour: Box::new(move |point| inner_ear(point, fur(Region::Ear)(point))),
        light: |[x, _]| if x < 0.0 { 1.0 } else { 0.9 },
    };
    grow(canvas, &ears, random);
    face::ear_tufts(canvas, head, colour(coat, Species::Cat, Region::Head, [0.3, 0.5]), random);
    let face = Part {
        frame: *head,
        bounds: [-1.3, -1.0, 1.3, 1.05],
        depth: skull,
        flow: |[x, y]| [x, y - 0.20 + 0.30 * step(0.0, 0.8, y) * step(0.3, 0.9, x.abs())],
        length: |[x, y]| {
            let far = x.hypot(y - 0.25);
            0.045
                + 0.13 * step(0.3, 1.0, far) * step(-0.9, -0.2, y)
                + 0.12 * step(0.6, 1.05, x.abs()) * step(-0.2, 0.4, y)
        },
        relief,
        rank: |[x, y]| x.hypot(y - 0.22),
        colour: Box::new(fur(Region::Head)),
        light: |[x, y]| {
            let side = x.abs();
            1.0 - 0.35 * hill(side - 0.39, (y + 0.06) * 1.1, 0.27) - 0.12 * hill(x * 0.7, y - 0.60, 0.07)
        },
    };
    grow(canvas, &face, random);

    let iris = match coat {
        Coat::Black => [0.86, 0.68, 0.20],
        Coat::Tabby => [0.58, 0.68, 0.30],
        Coat::White => [0.36, 0.60, 0.78],
        Coat::Tan => [0.80, 0.58, 0.22],
        Coat::TwoColour => [0.62, 0.74, 0.34],
    };
    for mirror in [-1.0, 1.0] {
        let eye = Eye { half: [0.218, 0.182], slant: 0.20, iris, iris_radius: 0.214, pupil: [0.088, 0.140] };
        eyes::paint(canvas, head, [mirror * EYE[0], EYE[1]], mirror, &eye);
    }
    let dark = matches!(coat, Coat::Black);
    let nose = if dark { [0.20, 0.17, 0.17] } else { [0.80, 0.52, 0.49] };
    face::cat_nose_and_mouth(canvas, head, nose);
    let whisker = if coat == Coat::White { [0.99, 0.985, 0.97] } else { [0.96, 0.955, 0.94] };
    face::whiskers(canvas, head, whisker, random);
}

fn shoulders(y: f32) -> f32 {
    0.80 + 0.62 * step(0.5, 2.3, y)
}

fn skull([x, y]: Point) -> f32 {
    let cheeks = 0.13 * hill(0.0, y - 0.34, 0.38);
    let ry = if y < 0.0 { 0.90 } else { 0.92 };
    ellipse(x, y, 0.99 + cheeks, ry)
}

fn relief([x, y]: Point) -> f32 {
    let side = x.abs();
    let puffs = 0.15 * hill(side - 0.17, (y - 0.45) * 1.1, 0.20);
    let bridge = 0.13 * hill(x * 1.9, (y - 0.05) * 0.8, 0.30);
    let brows = 0.07 * hill(side - 0.38, y + 0.36, 0.17);
    let sockets = -0.17 * hill(side - 0.40, y + 0.06, 0.22);
    let chin = 0.14 * hill(x, y - 0.72, 0.22);
    let cheeks = 0.12 * hill(side - 0.72, y - 0.30, 0.30);
    dome(x, y, 1.1, 0.95) * 0.85 + puffs + bridge + brows + sockets + chin + cheeks
}

fn ear([x, y]: Point) -> f32 {
    let point = [x.abs(), y];
    let (inner, outer, tip) = ([0.20, -0.62], [1.06, -0.14], [0.90, -1.48]);
    let left = side(point, tip, inner, 0.07);
    let right = side(point, outer, tip, 0.10);
    let edge = least(left, right, 0.10);
    least(edge, side(point, inner, outer, 0.2), 0.05)
}

/// Skin and thin hair inside an ear.
fn inner_ear(point: Point, outside: [f32; 3]) -> [f32; 3] {
    let inside = step(0.06, 0.13, ear(point));
    let skin = blend(outside.map(|c| c * 0.75), [0.74, 0.52, 0.47], 0.62);
    let deep = 1.0 - 0.45 * hill(point[0].abs() - 0.66, point[1] + 0.72, 0.22);
    blend(outside, skin.map(|c| c * deep), inside)
}
