//! Where animal and room differ in colour, colour decides what the network's soft edge left open.

use crate::base::plane::{Plane, smoothstep};

/// Half the width of the band that is open to doubt, in samples of the coarse matte.
const DOUBT: f32 = 2.6;
/// How far colours are collected on both sides of the band, as a multiple of its half width.
const COLLECT: f32 = 1.7;
/// Colour noise of a phone photo: differences of this size say nothing.
const NOISE: f32 = 0.035;
/// How surely the colours must differ, in standard deviations squared, before colour outweighs the network.
const CONVINCING: (f32, f32) = (3.0, 9.0);

/// A better target for the guided filter: inside the band of doubt around the coarse edge, alpha is read off the line
/// between the colour of the animal nearby (F) and that of the room nearby (B), `(I − B)·(F − B) / |F − B|²`, as far as
/// those two differ by more than they vary. Elsewhere the coarse matte stands.
///
/// Reading alpha off local colour samples goes back to Ruzon and Tomasi ("Alpha Estimation in Natural Images", 2000);
/// collecting them by weighted box means keeps the cost independent of the band's width.
pub fn resolve_doubt(guide: &[Plane; 3], coarse: &Plane, coarse_sample: f32) -> Plane {
    let half = ((coarse_sample * DOUBT).round() as usize).max(2);
    let reach = coarse.box_mean(half);
    let sure_animal = reach.map(|v| smoothstep(0.93, 0.995, v));
    let sure_room = reach.map(|v| smoothstep(0.07, 0.005, v));
    let collect = (half as f32 * COLLECT).round() as usize;
    let animal = Samples::collect(guide, &sure_animal, collect);
    let room = Samples::collect(guide, &sure_room, collect);

    Plane::from_fn(coarse.width(), coarse.height(), |x, y| {
        let i = y * coarse.width() + x;
        let given = coarse.data()[i];
        let in_doubt = 1.0 - sure_animal.data()[i] - sure_room.data()[i];
        if in_doubt <= 0.0 || animal.weight.data()[i] < 1e-3 || room.weight.data()[i] < 1e-3 {
            return given;
        }
        let (mut along, mut apart) = (0.0, 0.0);
        for ((f, b), seen) in animal.mean.iter().zip(&room.mean).zip(guide) {
            let (f, b) = (f.data()[i], b.data()[i]);
            along += (seen.data()[i] - b) * (f - b);
            apart += (f - b) * (f - b);
        }
        let spread = animal.variance.data()[i] + room.variance.data()[i] + NOISE * NOISE;
        let trust = in_doubt * smoothstep(CONVINCING.0, CONVINCING.1, apart / spread);
        let read = (along / apart.max(1e-6)).clamp(0.0, 1.0);
        given + trust * (read - given)
    })
}

/// Colours collected from a neighbourhood, weighted by how sure it is that they belong.
struct Samples {
    mean: [Plane; 3],
    variance: Plane,
    weight: Plane,
}

impl Samples {
    fn collect(guide: &[Plane; 3], sure: &Plane, radius: usize) -> Self {
        let weight = sure.box_mean(radius);
        let average =
            |p: &Plane| p.zip(sure, |v, s| v * s).box_mean(radius).zip(&weight, |sum, w| sum / w.max(1e-4));
        let mean = [average(&guide[0]), average(&guide[1]), average(&guide[2])];
        let squares = guide[0].zip(&guide[1], |r, g| r * r + g * g).zip(&guide[2], |s, b| s + b * b);
        let mut variance = average(&squares);
        for m in &mean {
            variance = variance.zip(m, |v, m| v - m * m);
        }
        Self { mean, variance: variance.map(|v| v.max(0.0)), weight }
    }
}
