//! Eyes: lids, iris, pupil and the light in them.

use super::canvas::Canvas;
use super::frame::{Frame, Point};
use super::noise::{blend, hill, noise, step};

/// What an eye looks like; lengths in the head's coordinates.
pub struct Eye {
    /// Half its width and half its height between the lids.
    pub half: [f32; 2],
    /// How far the outer corner is raised, in radians.
    pub slant: f32,
    /// The iris's colour.
    pub iris: [f32; 3],
    /// The iris's radius.
    pub iris_radius: f32,
    /// Half the pupil's width and height.
    pub pupil: [f32; 2],
}

/// Paints an eye at `middle`; `mirror` is −1 for the one on the left.
pub fn paint(canvas: &mut Canvas, frame: &Frame, middle: Point, mirror: f32, eye: &Eye) {
    let pixel = 1.0 / frame.scale;
    let (sine, cosine) = eye.slant.sin_cos();
    canvas.fill(*frame, middle, eye.half[0] * 1.6, |[x, y]| {
        // In the eye's own coordinates: `out` grows towards the ear, `down` towards the cheek.
        let (out, down) = (x * mirror * cosine - y * sine, y * cosine + x * mirror * sine);
        // An almond that runs further to the inner corner.
        let half_width = if out < 0.0 { eye.half[0] * 1.14 } else { eye.half[0] };
        let (across, up) = ((out / half_width).abs(), (down / eye.half[1]).abs());
        let inside = (1.0 - (across.powf(1.7) + up.powf(1.7)).powf(1.0 / 1.7)) * eye.half[1];
        let rim = 0.17 * eye.half[1];
        let cover = ((inside + rim) / pixel.max(rim * 0.7) + 0.5).clamp(0.0, 1.0);
        let seen = (inside / pixel.max(0.006) + 0.5).clamp(0.0, 1.0);
        let ball = eyeball(eye, [x, y], pixel);
        let lidded = 0.45 + 0.55 * step(-1.0, -0.25, down / eye.half[1]);
        let lit = ball.map(|c| c * lidded);
        let colour = blend([0.07, 0.055, 0.05], lit, seen);
        // The lights in it lie on the cornea, above everything but the lids.
        let radius = eye.iris_radius;
        let light = hard(radius * 0.23 - (x + radius * 0.34).hypot(y + radius * 0.36), pixel);
        let second = 0.35 * hill(x - radius * 0.35, y - radius * 0.42, radius * 0.22);
        let colour = blend(colour, [0.97, 0.98, 1.0], light.max(second) * seen);
        (colour, cover)
    });
}

fn eyeball(eye: &Eye, [x, y]: Point, pixel: f32) -> [f32; 3] {
    let radius = eye.iris_radius;
    let from_middle = x.hypot(y);
    let fibres = noise(y.atan2(x) * 14.0 + 60.0, from_middle / radius * 2.0);
    let rays = 1.0 + 0.16 * fibres;
    // Light comes from above left and is gathered on the opposite side.
    let gathered = 1.0 + 0.42 * ((x + y) / radius).clamp(-1.0, 1.0);
    let ring = 1.0 - 0.55 * step(0.78, 1.0, from_middle / radius);
    let iris = eye.iris.map(|c| (c * rays * gathered * ring).min(1.0));
    let white = [0.62, 0.58, 0.54];
    let ball = blend(white, iris, hard(radius - from_middle, pixel.max(0.01)));
    let pupil = (1.0 - (x / eye.pupil[0]).hypot(y / eye.pupil[1])) * eye.pupil[0];
    blend(ball, [0.025, 0.022, 0.025], hard(pupil, pixel.max(0.008)))
}

/// A sharp edge, smoothed over a pixel.
fn hard(distance: f32, pixel: f32) -> f32 {
    (distance / pixel + 0.5).clamp(0.0, 1.0)
}
