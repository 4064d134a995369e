//! From graded lightness back to 8-bit sRGB.

use super::curve::Curve;
use crate::base::colour::{STEPS, encoded, light_of, step};

/// A curve and the sRGB encoding in one table.
pub struct Finish {
    grey: Vec<u8>,
}

impl Finish {
    /// The curve followed by sRGB encoding.
    pub fn of(curve: &Curve) -> Self {
        let encode = |i: usize| (255.0 * encoded(light_of(curve.at(i as f32 / STEPS as f32))) + 0.5) as u8;
        Self { grey: (0..=STEPS).map(encode).collect() }
    }

    /// The 8-bit sRGB grey of a lightness; rounded, never truncated.
    #[inline]
    pub fn grey(&self, lightness: f32) -> u8 {
        self.grey[step(lightness)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::colour::ToneTables;

    #[test]
    fn grey_survives_the_way_there_and_back() {
        let tables = ToneTables::new([0.34, 0.54, 0.12]);
        let plain = Finish::of(&Curve::identity());
        for v in 0..=255u8 {
            assert_eq!(plain.grey(tables.lightness([v, v, v])), v);
        }
    }
}
