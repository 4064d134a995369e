//! From the head's coordinates to pixels and back.

/// A point in the head's coordinates.
pub type Point = [f32; 2];

/// Where the head lies in the photo, how large it is and how it is tilted.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    origin: Point,
    /// Pixels per unit.
    pub scale: f32,
    cosine: f32,
    sine: f32,
}

/// The head tilts about this point: the neck.
const PIVOT: Point = [0.0, 0.7];

impl Frame {
    /// An upright animal in the middle, as one would frame it.
    pub fn for_photo(width: u32, height: u32) -> Self {
        let (width, height) = (width as f32, height as f32);
        let scale = 0.262 * width.min(0.8 * height);
        Self { origin: [width * 0.5, height * 0.45], scale, cosine: 1.0, sine: 0.0 }
    }

    /// The same, tilted about the neck by an angle in radians.
    pub fn turned(&self, angle: f32) -> Self {
        let (sine, cosine) = angle.sin_cos();
        let pivot = self.to_pixels(PIVOT);
        let mut turned = Self { sine, cosine, ..*self };
        let moved = turned.to_pixels(PIVOT);
        turned.origin = [self.origin[0] + pivot[0] - moved[0], self.origin[1] + pivot[1] - moved[1]];
        turned
    }

    /// A point in pixels.
    pub fn to_pixels(self, [x, y]: Point) -> Point {
        let turned = [x * self.cosine - y * self.sine, x * self.sine + y * self.cosine];
        [self.origin[0] + turned[0] * self.scale, self.origin[1] + turned[1] * self.scale]
    }

    /// A pixel's point.
    pub fn point_at(self, [x, y]: Point) -> Point {
        let (x, y) = ((x - self.origin[0]) / self.scale, (y - self.origin[1]) / self.scale);
        [x * self.cosine + y * self.sine, y * self.cosine - x * self.sine]
    }

    /// The upright box of pixels around a box in the head's coordinates: left, top, width, height.
    pub fn bounds(self, left: f32, top: f32, right: f32, bottom: f32) -> [f32; 4] {
        let corners =
            [[left, top], [right, top], [left, bottom], [right, bottom]].map(|corner| self.to_pixels(corner));
        let least = |axis: usize| corners.iter().map(|c| c[axis]).fold(f32::INFINITY, f32::min);
        let most = |axis: usize| corners.iter().map(|c| c[axis]).fold(f32::NEG_INFINITY, f32::max);
        [least(0), least(1), most(0) - least(0), most(1) - least(1)]
    }
}
