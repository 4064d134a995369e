//! Chance that is the same every time.

/// A stream of random numbers (SplitMix64).
pub struct Random(u64);

impl Random {
    /// The same seed gives the same stream.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed_0fab_1eca_7d06)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// From `low` to `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// From −1 to 1, mostly near 0.
    pub fn around_zero(&mut self) -> f32 {
        (self.unit() + self.unit() + self.unit()) / 1.5 - 1.0
    }
}

/// Smooth noise over the plane, from −1 to 1, with features about 1 apart.
pub fn noise(x: f32, y: f32) -> f32 {
    let (left, above) = (x.floor(), y.floor());
    let (tx, ty) = (smooth(x - left), smooth(y - above));
    let (i, j) = (left as i32, above as i32);
    let upper = mix(lattice(i, j), lattice(i + 1, j), tx);
    let lower = mix(lattice(i, j + 1), lattice(i + 1, j + 1), tx);
    mix(upper, lower, ty)
}

fn lattice(i: i32, j: i32) -> f32 {
    let mut bits = (i as u32).wrapping_mul(0x9e37_79b1) ^ (j as u32).wrapping_mul(0x85eb_ca77);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2c1b_3c6d);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297a_2d39);
    (bits >> 8) as f32 / (1u32 << 23) as f32 - 1.0
}

fn smooth(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

/// From `a` at 0 to `b` at 1.
pub fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// From one colour to another.
pub fn blend(a: [f32; 3], b: [f32; 3], t: f32) -> [f32; 3] {
    [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)]
}

/// 0 below `low`, 1 above `high`, and smooth between; `low` may be the greater.
pub fn step(low: f32, high: f32, value: f32) -> f32 {
    smooth(((value - low) / (high - low)).clamp(0.0, 1.0))
}

/// A hill of height 1 at the origin that is about `width` wide.
pub fn hill(x: f32, y: f32, width: f32) -> f32 {
    (-(x * x + y * y) / (width * width)).exp()
}
