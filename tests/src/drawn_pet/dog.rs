//! A dog from front: chest, head, hanging ears, face.

use super::canvas::Canvas;
use super::coat::{Region, colour};
use super::eyes::{self, Eye};
use super::face;
use super::frame::{Frame, Point};
use super::fur::grow;
use super::noise::{Random, hill, noise, step};
use super::part::{Part, dome, ellipse, least, under_the_chin};
use super::{Coat, Species};

/// Left, top, right and bottom of the head with its ears.
pub const HEAD_BOX: (f32, f32, f32, f32) = (-1.12, -1.0, 1.12, 1.12);

/// The middle of the eye on the right; the other lies opposite.
pub const EYE: [f32; 2] = [0.34, -0.15];

/// Paints the animal from back to front.
pub fn paint(canvas: &mut Canvas, body: &Frame, head: &Frame, coat: Coat, random: &mut Random) {
    let fur = move |region| move |point| colour(coat, Species::Dog, region, point);
    let chest = Part {
        frame: *body,
        bounds: [-2.2, 0.0, 2.2, 3.4],
        depth: |[x, y]| least(shoulders(y) - x.abs(), y - 0.1, 0.3),
        flow: |[x, y]| [0.5 * x, 1.0 + 0.1 * y],
        length: |[x, y]| 0.24 + 0.16 * step(1.0, 0.1, x.abs()) * step(0.7, 1.4, y),
        relief: |[x, y]| dome(x, 0.0, shoulders(y) + 0.1, 9.0) + 0.35 * hill(x, y - 1.7, 0.7),
        rank: |[_, y]| y,
        colour: Box::new(fur(Region::Body)),
        light: |p| under_the_chin(p, 1.06),
    };
    grow(canvas, &chest, random);
    let face = Part {
        frame: *head,
        bounds: [-1.1, -1.05, 1.1, 1.2],
        depth: |[x, y]| skull([x, y]),
        flow: |[x, y]| [x, y - 0.24 + 0.25 * step(0.3, 0.9, y)],
        length: |[x, y]| {
            let far = x.hypot(y - 0.35);
            0.04 + 0.13 * step(0.35, 1.1, far) * (0.55 + 0.45 * step(-0.9, -0.3, y))
                + 0.08 * step(0.45, 0.8, x.abs()) * step(0.1, 0.5, y)
        },
        relief,
        rank: |[x, y]| x.hypot(y - 0.24),
        colour: Box::new(fur(Region::Head)),
        light: |[x, y]| {
            let side = x.abs();
            let sockets = 0.34 * hill(side - 0.34, (y + 0.16) * 1.2, 0.22);
            let muzzle_sides = 0.16 * hill((side - 0.48) * 1.6, y - 0.34, 0.25);
            let jaw = 0.14 * hill(x * 0.7, (y - 0.86) * 1.4, 0.20);
            1.0 - sockets - muzzle_sides - jaw
        },
    };
    grow(canvas, &face, random);
    let ears = Part {
        frame: *head,
        bounds: [-1.25, -0.85, 1.25, 0.85],
        depth: ear,
        flow: |[x, y]| [x.signum() * (0.55 - 0.7 * step(-0.5, 0.3, y)), 1.0],
        length: |p| 0.16 + 0.10 * step(0.0, 0.6, p[1]),
        relief: |[x, y]| 0.9 * dome(x.abs() - 0.88, y, 0.34, 0.8),
        rank: |[_, y]| y,
        colour: Box::new(fur(Region::Ear)),
        light: |[x, y]| {
            let fold = 1.0 - 0.30 * step(0.30, 0.0, x.abs() - 0.62) * step(-0.6, -0.2, y);
            fold * if x < 0.0 { 1.0 } else { 0.86 }
        },
    };
    grow(canvas, &ears, random);

    let iris = if coat == Coat::Tan { [0.42, 0.23, 0.10] } else { [0.36, 0.20, 0.10] };
    for mirror in [-1.0, 1.0] {
        let eye = Eye { half: [0.172, 0.142], slant: 0.04, iris, iris_radius: 0.148, pupil: [0.082, 0.082] };
        eyes::paint(canvas, head, [mirror * EYE[0], EYE[1]], mirror, &eye);
    }
    face::dog_nose_and_mouth(canvas, head, random);
}

fn shoulders(y: f32) -> f32 {
    0.84 + 0.85 * step(0.5, 2.5, y)
}

fn skull([x, y]: Point) -> f32 {
    let cranium = ellipse(x, y + 0.12, 0.88, 0.86);
    let muzzle = ellipse(x, y - 0.52, 0.56, 0.56);
    -least(-cranium, -muzzle, 0.25)
}

fn relief([x, y]: Point) -> f32 {
    let side = x.abs();
    let muzzle = 0.44 * hill(x * 1.08, (y - 0.46) * 0.95, 0.40);
    let lips = 0.08 * hill(side - 0.20, y - 0.60, 0.20);
    let bridge = 0.10 * hill(x * 1.7, y - 0.02, 0.30);
    let brows = 0.08 * hill(side - 0.32, y + 0.38, 0.17);
    let furrow = -0.06 * hill(x * 2.4, (y + 0.45) * 0.8, 0.24);
    let sockets = -0.13 * hill(side - 0.36, y + 0.14, 0.20);
    let chin = 0.14 * hill(x * 0.8, y - 0.90, 0.20);
    dome(x, y, 0.98, 1.08) * 0.8 + muzzle + chin + lips + bridge + brows + furrow + sockets
}

fn ear([x, y]: Point) -> f32 {
    // A leaf that hangs from the side of the skull, widest near its end.
    let along = ((y + 0.72) / 1.42).clamp(0.0, 1.0);
    let middle = 0.76 + 0.20 * step(0.0, 0.5, along) - 0.06 * step(0.5, 1.0, along);
    let half = 0.30 * (along * (1.0 - along) * 4.0).sqrt().max(0.0) * (0.85 + 0.3 * along);
    let beyond = (y + 0.72).min(0.70 - y);
    let ragged = 0.035 * noise(x * 7.0, y * 7.0) + 0.02 * noise(x * 19.0, y * 19.0);
    least(half - (x.abs() - middle).abs() + ragged, beyond, 0.06)
}
