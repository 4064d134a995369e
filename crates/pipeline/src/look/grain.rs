//! Film grain, for recipes that ask for it: seeded from the picture, so that the same photo gets the same grain.

use crate::base::plane::Plane;

/// Standard deviation of the grain at middle grey, in lightness.
const STRENGTH: f32 = 0.022;
/// A grain's size on a print of 3,000 rows, in rows: a little more than a pixel, as on fine-grained film.
const SIZE: f32 = 1.6;
/// The height that [`SIZE`] speaks of.
const PRINT_HEIGHT: f32 = 3000.0;

/// Grain for one picture.
pub struct Grain {
    seed: u64,
    /// Grains per pixel.
    scale: f32,
    /// Less where a pixel of the picture becomes several of the print: grains as large as that would be blotches.
    strength: f32,
}

impl Grain {
    /// Grain for a picture of that height whose small version is `lightness`.
    pub fn seeded_by(lightness: &Plane, height: usize) -> Self {
        // Sixteen levels and every seventh sample: rounding that differs between processors hardly ever changes the seed.
        let seed =
            lightness.data().iter().step_by(7).fold(0x9e37_79b9, |seed, &v| mixed(seed ^ (v * 16.0) as u64));
        let grains = PRINT_HEIGHT / height as f32 / SIZE;
        Self { seed, scale: grains.min(1.0), strength: STRENGTH * grains.max(1.0).recip() }
    }

    /// A lightness with grain on it; none on pure black and white, where film has none either.
    #[inline]
    pub fn on(&self, lightness: f32, x: usize, y: usize) -> f32 {
        let at = |v: usize| (v as f32 * self.scale, (v as f32 * self.scale) as u64);
        let ((fx, x0), (fy, y0)) = (at(x), at(y));
        let (tx, ty) = (fx.fract(), fy.fract());
        let across = |y: u64| self.grain(x0, y) * (1.0 - tx) + self.grain(x0 + 1, y) * tx;
        let grain = across(y0) * (1.0 - ty) + across(y0 + 1) * ty;
        lightness
            + self.strength * grain * 4.0 * lightness.clamp(0.0, 1.0) * (1.0 - lightness.clamp(0.0, 1.0))
    }

    /// A number of mean 0 and deviation about 1 for one grain: the sum of four even ones.
    fn grain(&self, x: u64, y: u64) -> f32 {
        let bits = mixed(self.seed ^ (y << 32 | x));
        let sum: u32 = (0..4).map(|i| (bits >> (16 * i)) as u32 & 0xffff).sum();
        (sum as f32 / 65_535.0 - 2.0) * 1.732
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
fn mixed(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grain_is_even_handed_and_always_the_same() {
        let picture = Plane::from_fn(60, 75, |x, y| (x + y) as f32 / 140.0);
        let grain = Grain::seeded_by(&picture, 3000);
        let n = 200;
        let values: Vec<f32> = (0..n * n).map(|i| grain.on(0.5, i % n, i / n) - 0.5).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let deviation = (values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32).sqrt();
        assert!(mean.abs() < 0.001 && (0.008..0.03).contains(&deviation), "{mean}, {deviation}");
        let again = Grain::seeded_by(&picture, 3000);
        assert!((0..n * n).all(|i| again.on(0.5, i % n, i / n) - 0.5 == values[i]));
        assert_eq!((grain.on(0.0, 3, 3), grain.on(1.0, 3, 3)), (0.0, 1.0));
    }
}
