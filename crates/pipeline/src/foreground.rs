//! The animal's own colours at its soft edges, free of the room behind it.
//!
//! A pixel of fur shows a mix `I = α F + (1 − α) B`. The method is fast multi-level "blur fusion" (Forte, "Approximate Fast
//! Foreground Colour Estimation", ICIP 2021): smooth estimates of F and B come from alpha-weighted means, and F is then
//! corrected so that the mix explains the pixel. The smooth estimates are made at low resolution, the correction at
//! full resolution and only where alpha is between 0 and 1.

use crate::plane::{Plane, RowSampler};
use crate::refine::{Crop, Matte, colour_planes};

/// Long side of the low resolution for the smooth estimates, in samples.
const ESTIMATE_LONG_SIDE: usize = 480;
/// Radii of the two rounds in samples of that resolution: the first reaches from solid fur across the widest band,
/// the second follows local colour.
const RADII: [usize; 2] = [24, 4];
/// Keeps a division by a vanishing weight finite.
const TINY: f32 = 1e-4;

/// The crop with its boundary pixels replaced by estimates of the animal's colour alone (sRGB). Pixels whose alpha is
/// 0 are black; pixels whose alpha is 255 are untouched.
pub fn foreground(mut crop: Crop, matte: &Matte) -> Crop {
    let (width, height) = (crop.width, crop.height);
    let long = width.max(height);
    let scale = (ESTIMATE_LONG_SIDE.min(long)) as f32 / long as f32;
    let side = |s: usize| ((s as f32 * scale).round() as usize).max(1);
    let (small_width, small_height) = (side(width), side(height));
    let colour = colour_planes(&crop, small_width, small_height);
    let alpha = matte.plane(small_width, small_height);

    let mut animal = colour.clone();
    let mut room = colour.clone();
    for radius in RADII {
        let weight = alpha.box_mean(radius);
        for channel in 0..3 {
            let f = weighted_mean(&animal[channel], &alpha, &weight, radius, |a| a);
            let b = weighted_mean(&room[channel], &alpha, &weight, radius, |a| 1.0 - a);
            let corrected = Plane::from_fn(small_width, small_height, |x, y| {
                let (f, b, a) = (f.at(x, y), b.at(x, y), alpha.at(x, y));
                (f + a * (colour[channel].at(x, y) - a * f - (1.0 - a) * b)).clamp(0.0, 1.0)
            });
            animal[channel] = corrected;
            room[channel] = b;
        }
    }

    let planes = animal.iter().chain(&room).collect();
    let mut sampler = RowSampler::new(planes, width, height);
    for y in 0..height {
        sampler.seek(y);
        let row = &mut crop.rgb[y * width * 3..(y + 1) * width * 3];
        let alphas = &matte.alpha[y * width..(y + 1) * width];
        for (x, (rgb, &alpha)) in row.chunks_exact_mut(3).zip(alphas).enumerate() {
            match alpha {
                255 => {}
                0 => rgb.fill(0),
                _ => {
                    let a = f32::from(alpha) / 255.0;
                    for (channel, value) in rgb.iter_mut().enumerate() {
                        let (f, b) = (sampler.get(channel, x), sampler.get(3 + channel, x));
                        let seen = f32::from(*value) / 255.0;
                        let own = f + a * (seen - a * f - (1.0 - a) * b);
                        *value = (own.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
                    }
                }
            }
        }
    }
    crop
}

/// The mean of `plane` over a window, weighted by `of(alpha)`.
fn weighted_mean(plane: &Plane, alpha: &Plane, mean_alpha: &Plane, radius: usize, of: impl Fn(f32) -> f32) -> Plane {
    let weighted = plane.zip(alpha, |v, a| v * of(a)).box_mean(radius);
    weighted.zip(mean_alpha, |sum, a| (sum + TINY * 0.5) / (of(a) + TINY))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A soft-edged disc of one colour over another, with its exact matte.
    fn composite(animal: [f32; 3], room: [f32; 3]) -> (Crop, Matte) {
        let size = 300usize;
        let (mut rgb, mut alpha) = (Vec::new(), Vec::new());
        for y in 0..size {
            for x in 0..size {
                let d = ((x as f32 - 150.0).powi(2) + (y as f32 - 150.0).powi(2)).sqrt();
                let a = ((100.0 - d) / 24.0 + 0.5).clamp(0.0, 1.0);
                alpha.push((a * 255.0 + 0.5) as u8);
                rgb.extend((0..3).map(|c| ((a * animal[c] + (1.0 - a) * room[c]) * 255.0 + 0.5) as u8));
            }
        }
        (Crop { width: size, height: size, rgb }, Matte { width: size, height: size, alpha })
    }

    #[test]
    fn the_room_s_colour_leaves_the_edge() {
        let animal = [0.55, 0.4, 0.3];
        for room in [[0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]] {
            let (crop, matte) = composite(animal, room);
            let clean = foreground(crop.clone(), &matte);
            let (mut naive, mut ours) = (0.0, 0.0);
            for (i, &alpha) in matte.alpha.iter().enumerate() {
                if !(13..=242).contains(&alpha) {
                    continue;
                }
                for c in 0..3 {
                    let truth = animal[c] * 255.0;
                    naive += (f32::from(crop.rgb[i * 3 + c]) - truth).abs();
                    ours += (f32::from(clean.rgb[i * 3 + c]) - truth).abs();
                }
            }
            assert!(ours <= 0.5 * naive, "over {room:?}: {ours} against the naive {naive}");
        }
    }

    #[test]
    fn nothing_of_the_room_is_left_where_alpha_is_zero() {
        let (crop, matte) = composite([0.5; 3], [0.9, 0.2, 0.1]);
        let clean = foreground(crop, &matte);
        for (rgb, &alpha) in clean.rgb.chunks_exact(3).zip(&matte.alpha) {
            assert!(alpha != 0 || rgb == [0, 0, 0]);
        }
    }
}
