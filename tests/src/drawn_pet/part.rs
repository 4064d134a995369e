//! A part of the animal that fur grows on.

use super::frame::{Frame, Point};
use super::noise::step;

/// One layer of fur. All functions take points in the frame's coordinates.
pub struct Part {
    /// Where the head's coordinates lie in the photo, for this part.
    pub frame: Frame,
    /// Left, top, right and bottom of a box around it.
    pub bounds: [f32; 4],
    /// How far a point is inside: negative outside.
    pub depth: fn(Point) -> f32,
    /// Where hairs point; need not have length 1.
    pub flow: fn(Point) -> Point,
    /// How long they are.
    pub length: fn(Point) -> f32,
    /// How far the skin stands out towards the camera.
    pub relief: fn(Point) -> f32,
    /// Which hairs lie above which: of two, the one with the greater rank is painted first.
    pub rank: fn(Point) -> f32,
    /// How hairs at a point look before light falls on them.
    pub colour: Box<dyn Fn(Point) -> [f32; 3]>,
    /// How much light comes to a point besides what its own relief says: 1 is all.
    pub light: fn(Point) -> f32,
}

/// Where the light comes from: upper left, before the animal.
const LIGHT: [f32; 3] = [-0.46, -0.56, 0.69];

impl Part {
    /// How bright a point is: about 1 in full light.
    pub fn brightness(&self, point: Point) -> f32 {
        const EPSILON: f32 = 0.025;
        let [x, y] = point;
        let slope = |dx: f32, dy: f32| {
            ((self.relief)([x + dx, y + dy]) - (self.relief)([x - dx, y - dy])) / (2.0 * EPSILON)
        };
        let (sx, sy) = (slope(EPSILON, 0.0), slope(0.0, EPSILON));
        let length = (sx * sx + sy * sy + 1.0).sqrt();
        let towards = (-sx * LIGHT[0] - sy * LIGHT[1] + LIGHT[2]) / length;
        let facing = 1.0 / length;
        (0.40 + 0.60 * towards.max(-0.1) + 0.10 * facing) * (self.light)(point)
    }
}

/// A round body of half-widths `rx`, `ry`: how far it stands out.
pub fn dome(x: f32, y: f32, rx: f32, ry: f32) -> f32 {
    let rest = 1.0 - (x / rx).powi(2) - (y / ry).powi(2);
    // Below a little height it runs out flat, else the slope at the rim would have no end.
    rx.min(ry) * rest.max(0.06).sqrt()
}

/// How far a point is inside an ellipse, about.
pub fn ellipse(x: f32, y: f32, rx: f32, ry: f32) -> f32 {
    (1.0 - (x / rx).hypot(y / ry)) * rx.min(ry)
}

/// The signed distance to the inside of a side that runs from `a` to `b`, bulging outwards by `bulge`.
pub fn side(point: Point, a: Point, b: Point, bulge: f32) -> f32 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = dx.hypot(dy);
    let (px, py) = (point[0] - a[0], point[1] - a[1]);
    let along = ((px * dx + py * dy) / (length * length)).clamp(0.0, 1.0);
    (px * dy - py * dx) / length + bulge * 4.0 * along * (1.0 - along)
}

/// The lesser of two, without a crease.
pub fn least(a: f32, b: f32, softness: f32) -> f32 {
    let share = (0.5 + 0.5 * (b - a) / softness).clamp(0.0, 1.0);
    b + (a - b) * share - softness * share * (1.0 - share)
}

/// The light under a chin: little, and more further down.
pub fn under_the_chin([x, y]: Point, chin: f32) -> f32 {
    let below = step(chin - 0.25, chin + 0.55, y - 0.12 * x.abs());
    0.50 + 0.50 * below
}
