//! A head that is held askew is put upright, by turning the photo around it.

use headshot_core::Head;

use crate::decode::Photo;
use crate::framing::{Framing, inside};
use crate::plane::{Plane, smoothstep};
use crate::resample::Region;

/// The part of the photo that is turned reaches beyond the frame by this share of its size: its corners swing in.
const MARGIN: f64 = 0.22;
/// Where the photo ends, it ends softly: over this share of the frame's width.
const SOFT: f64 = 0.06;
/// Steps between two pixels for which the filter's weights are tabled.
const PHASES: usize = 64;

/// A photo turned around a head, and what was found in it, in its own pixels.
#[derive(Clone, Debug)]
pub struct Levelled {
    /// The part around the frame, turned. Transparent where the photo has nothing to show.
    pub photo: Photo,
    /// The same head.
    pub head: Head,
    /// The animal's coarse matte over that part.
    pub animal: Plane,
}

/// Where a point, relative to the middle of a picture that was turned counter-clockwise, was before.
#[cfg(test)]
pub fn turned((x, y): (f64, f64), degrees: f64) -> (f64, f64) {
    let (sin, cos) = degrees.to_radians().sin_cos();
    (cos * x - sin * y, sin * x + cos * y)
}

/// Turns what the frame needs of the photo counter-clockwise around the head, by Catmull–Rom interpolation (sRGB values).
pub fn level(photo: &Photo, framing: &Framing, head: &Head, animal: &Plane, degrees: f64) -> Levelled {
    let size = (f64::from(photo.width), f64::from(photo.height));
    let frame = framing.frame;
    let (wide, high) = (frame.width * MARGIN, frame.height * MARGIN);
    let around = Region {
        x: frame.x - wide,
        y: frame.y - high,
        width: frame.width + 2.0 * wide,
        height: frame.height + 2.0 * high,
    };
    let part = inside(around, size);
    let (left, top) = (part.x.floor(), part.y.floor());
    let (width, height) = (part.width.floor().max(1.0) as usize, part.height.floor().max(1.0) as usize);
    let pivot = (f64::from(head.x + head.width / 2.0), f64::from(head.y + head.height / 2.0));
    let (sin, cos) = degrees.to_radians().sin_cos();
    let source = |x: usize, y: usize| {
        let (dx, dy) = (left + x as f64 + 0.5 - pivot.0, top + y as f64 + 0.5 - pivot.1);
        (pivot.0 + cos * dx - sin * dy, pivot.1 + sin * dx + cos * dy)
    };

    let weights = catmull_rom();
    let soft = (frame.width * SOFT).max(1.0);
    let (mut rgb, mut alpha) = (vec![0u8; width * height * 3], vec![0u8; width * height]);
    for y in 0..height {
        for x in 0..width {
            let (sx, sy) = source(x, y);
            let inside = sx.min(sy).min(size.0 - sx).min(size.1 - sy);
            if inside <= 0.0 {
                continue;
            }
            let i = y * width + x;
            rgb[i * 3..i * 3 + 3].copy_from_slice(&sample(photo, sx - 0.5, sy - 0.5, &weights));
            let own = photo.alpha.as_ref().map_or(255, |a| {
                a[(sy as usize).min(photo.height as usize - 1) * photo.width as usize
                    + (sx as usize).min(photo.width as usize - 1)]
            });
            // Only an edge that swings in is softened: along the part's own edges the fade does that.
            let edge = smoothstep(0.0, soft as f32, inside as f32);
            alpha[i] = (f32::from(own) * edge + 0.5) as u8;
        }
    }
    let (per_x, per_y) = (animal.width as f64 / size.0, animal.height as f64 / size.1);
    let coarse = |s: usize, per: f64| ((s as f64 * per).round() as usize).max(8);
    let (coarse_width, coarse_height) = (coarse(width, per_x), coarse(height, per_y));
    let turned_animal = Plane::from_fn(coarse_width, coarse_height, |x, y| {
        let along = |i: usize, n: usize, whole: usize| ((i as f64 + 0.5) / n as f64 * whole as f64) as usize;
        let (sx, sy) = source(along(x, coarse_width, width), along(y, coarse_height, height));
        if sx < 0.0 || sy < 0.0 || sx > size.0 || sy > size.1 {
            return 0.0;
        }
        animal.between(sx * per_x - 0.5, sy * per_y - 0.5)
    });
    let photo =
        Photo { width: width as u32, height: height as u32, rgb, alpha: Some(alpha), ..empty_like(photo) };
    let head = Head { x: head.x - left as f32, y: head.y - top as f32, ..head.clone() };
    Levelled { photo, head, animal: turned_animal }
}

/// What a photo says of its file, without its pixels.
fn empty_like(photo: &Photo) -> Photo {
    Photo { width: 0, height: 0, rgb: Vec::new(), alpha: None, format: photo.format, stored: photo.stored }
}

/// Weights of the four neighbours for each phase (Keys, "Cubic convolution interpolation", 1981, a = −1/2).
fn catmull_rom() -> [[f32; 4]; PHASES + 1] {
    std::array::from_fn(|phase| {
        let t = phase as f32 / PHASES as f32;
        let (t2, t3) = (t * t, t * t * t);
        [
            -0.5 * t3 + t2 - 0.5 * t,
            1.5 * t3 - 2.5 * t2 + 1.0,
            -1.5 * t3 + 2.0 * t2 + 0.5 * t,
            0.5 * t3 - 0.5 * t2,
        ]
    })
}

#[inline]
fn sample(photo: &Photo, x: f64, y: f64, weights: &[[f32; 4]; PHASES + 1]) -> [u8; 3] {
    let (x0, y0) = (x.floor(), y.floor());
    let phase = |v: f64| ((v * PHASES as f64) + 0.5) as usize;
    let (across, down) = (&weights[phase(x - x0)], &weights[phase(y - y0)]);
    let (last_x, last_y) = (photo.width as i64 - 1, photo.height as i64 - 1);
    let pixels = photo.rgb.as_chunks::<3>().0;
    let mut sum = [0f32; 3];
    for (j, &wy) in (-1i64..).zip(down) {
        let row = (y0 as i64 + j).clamp(0, last_y) as usize * photo.width as usize;
        for (i, &wx) in (-1i64..).zip(across) {
            let pixel = pixels[row + (x0 as i64 + i).clamp(0, last_x) as usize];
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += wx * wy * f32::from(value);
            }
        }
    }
    sum.map(|v| (v + 0.5).clamp(0.0, 255.0) as u8)
}

#[cfg(test)]
mod tests {
    use headshot_core::HeadSource;
    use headshot_core::upload::Format;

    use super::*;

    #[test]
    fn turning_keeps_the_head_where_it_is_and_its_surroundings_turn_around_it() {
        let side = 300usize;
        // A bright bar that was turned counter-clockwise by six degrees, through the middle of the head.
        let mut rgb = Vec::new();
        for i in 0..side * side {
            let (dx, _) = turned(((i % side) as f64 + 0.5 - 150.0, (i / side) as f64 + 0.5 - 120.0), 6.0);
            rgb.extend([if dx.abs() < 6.0 { 220 } else { 40 }; 3]);
        }
        let photo =
            Photo { width: 300, height: 300, rgb, alpha: None, format: Format::Png, stored: (300, 300) };
        let head = Head {
            x: 110.0,
            y: 70.0,
            width: 80.0,
            height: 100.0,
            confidence: 0.9,
            source: HeadSource::Model,
        };
        let frame = Region { x: 84.0, y: 55.0, width: 132.0, height: 165.0 };
        let framing = Framing { frame, visible: frame, head: frame };
        let levelled = level(&photo, &framing, &head, &Plane::filled(60, 60, 1.0), -6.0);
        let middle = (levelled.head.x + levelled.head.width / 2.0) as usize;
        let width = levelled.photo.width as usize;
        for y in (10..levelled.photo.height as usize - 10).step_by(10) {
            let value = |x: usize| levelled.photo.rgb[(y * width + x) * 3];
            assert!(
                value(middle) > 200 && value(middle - 12) < 60 && value(middle + 12) < 60,
                "upright in row {y}"
            );
        }
        assert!((levelled.head.width - head.width).abs() < 1e-6);
        assert!(levelled.photo.alpha.is_some_and(|alpha| alpha[0] > 0));
    }

    #[test]
    fn what_the_photo_does_not_show_is_transparent() {
        let photo = Photo {
            width: 200,
            height: 200,
            rgb: vec![128; 200 * 200 * 3],
            alpha: None,
            format: Format::Png,
            stored: (200, 200),
        };
        let head =
            Head { x: 60.0, y: 40.0, width: 80.0, height: 100.0, confidence: 0.9, source: HeadSource::Model };
        let frame = Region { x: 0.0, y: 0.0, width: 200.0, height: 250.0 };
        let framing = Framing { frame, visible: inside(frame, (200.0, 200.0)), head: frame };
        let levelled = level(&photo, &framing, &head, &Plane::filled(60, 60, 1.0), 8.0);
        let alpha = levelled.photo.alpha.expect("its corners are open");
        assert_eq!(alpha.iter().min(), Some(&0));
        assert_eq!(alpha[90 * 200 + 100], 255, "the head is whole");
    }
}
