//! The animal's own colours at its soft edges, free of the room behind it.
//!
//! A pixel of fur shows a mix `I = α F + (1 − α) B`. As in "blur fusion" (Forte, "Approximate Fast Foreground Colour
//! Estimation", ICIP 2021), smooth estimates of F and B are weighted means of colour, and F is then corrected so that the
//! mix explains the pixel. Two things differ: the means take only pixels that surely belong, and what is left in F of
//! the room's colour near the edge is taken out, because no matte is exact to the last per cent and the eye sees that
//! per cent as a rim. The estimates are made at low resolution, the correction at full resolution and only near the edge.

use crate::base::plane::{Plane, RowSampler, smoothstep};
use crate::crop::{Crop, Matte, colour_planes};

/// Long side of the low resolution for the smooth estimates, in samples.
const ESTIMATE_LONG_SIDE: usize = 480;
/// Radii in samples of that resolution: local colour where there is any nearby, else the colour of the wider surroundings.
const NEAR: usize = 5;
/// See [`NEAR`].
const FAR: usize = 28;
/// Weight of the wider surroundings beside local colour.
const FAR_WEIGHT: f32 = 0.02;
/// Squared distance of F and B in 0..1 from which a tint counts as the room's.
const DISTINCT: (f32, f32) = (0.01, 0.06);

/// The crop with its boundary pixels replaced by estimates of the animal's colour alone (sRGB). Pixels whose alpha is
/// 0 are black; pixels well inside are untouched.
pub fn foreground(mut crop: Crop, matte: &Matte) -> Crop {
    let (width, height) = (crop.width, crop.height);
    let long = width.max(height);
    let scale = (ESTIMATE_LONG_SIDE.min(long)) as f32 / long as f32;
    let side = |s: usize| ((s as f32 * scale).round() as usize).max(1);
    let (small_width, small_height) = (side(width), side(height));
    let colour = colour_planes(&crop, small_width, small_height);
    let around = matte.plane(small_width, small_height).box_mean(2);
    let animal = smooth_colour(&colour, &around.map(|a| smoothstep(0.9, 1.0, a)));
    let room = smooth_colour(&colour, &around.map(|a| smoothstep(0.1, 0.0, a)));
    let at_edge = around.box_mean(1).map(|a| smoothstep(1.0, 0.9, a));

    let planes = animal.iter().chain(&room).chain([&at_edge]).collect();
    let mut sampler = RowSampler::new(planes, width, height);
    for y in 0..height {
        sampler.seek(y);
        let row = &mut crop.rgb[y * width * 3..(y + 1) * width * 3];
        let alphas = &matte.alpha[y * width..(y + 1) * width];
        let mut x = 0;
        while x < width {
            let (rgb, alpha) = (&mut row[x * 3..x * 3 + 3], alphas[x]);
            if alpha == 0 {
                rgb.fill(0);
                x += 1;
                continue;
            }
            if let (255, Some(end)) = (alpha, sampler.settled(6, x, |edge| edge < 1e-3)) {
                // Solid up to the end of the cell, or to the next softer pixel.
                x = (x..end).find(|&x| alphas[x] != 255).unwrap_or(end);
                continue;
            }
            let edge = sampler.get(6, x);
            if alpha < 255 || edge > 0.0 {
                let f = [sampler.get(0, x), sampler.get(1, x), sampler.get(2, x)];
                let b = [sampler.get(3, x), sampler.get(4, x), sampler.get(5, x)];
                let seen = [rgb[0], rgb[1], rgb[2]].map(|v| f32::from(v) / 255.0);
                let own = own_colour(seen, f32::from(alpha) / 255.0, f, b, edge);
                for (value, own) in rgb.iter_mut().zip(own) {
                    *value = (own.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
                }
            }
            x += 1;
        }
    }
    crop
}

/// The animal's colour in a pixel that shows `seen`, given the smooth colours of animal and room around it.
#[inline]
fn own_colour(seen: [f32; 3], alpha: f32, animal: [f32; 3], room: [f32; 3], edge: f32) -> [f32; 3] {
    let mut own = [0.0; 3];
    let (mut towards_room, mut distance) = (0.0, 0.0);
    for c in 0..3 {
        let (f, b) = (animal[c], room[c]);
        own[c] = f + alpha * (seen[c] - alpha * f - (1.0 - alpha) * b);
        towards_room += (own[c] - f) * (b - f);
        distance += (b - f) * (b - f);
    }
    let tint = (towards_room / distance.max(1e-6)).clamp(0.0, 1.0);
    let take_out = edge * smoothstep(DISTINCT.0, DISTINCT.1, distance) * tint;
    for c in 0..3 {
        own[c] -= take_out * (room[c] - animal[c]);
    }
    own
}

/// The mean colour of the pixels that surely belong, near ones before far ones.
fn smooth_colour(colour: &[Plane; 3], sure: &Plane) -> [Plane; 3] {
    let (near_weight, far_weight) = (sure.box_mean(NEAR), sure.box_mean(FAR));
    [0, 1, 2].map(|c| {
        let weighted = colour[c].zip(sure, |v, s| v * s);
        let far = weighted.box_mean(FAR).zip(&far_weight, |sum, w| (sum + 1e-6 * 0.5) / (w + 1e-6));
        let near = weighted.box_mean(NEAR);
        let sum = near.zip(&far, |n, f| n + FAR_WEIGHT * f);
        sum.zip(&near_weight, |s, w| s / (w + FAR_WEIGHT))
    })
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
                for (c, own) in animal.iter().enumerate() {
                    let truth = own * 255.0;
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
