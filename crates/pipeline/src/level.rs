//! A head that is held askew is put upright, by turning the photo around it.

use fast_image_resize::FilterType;
use fast_image_resize::pixels::{U8, U8x3};
use headshot_core::{Head, Shot};

use crate::base::geometry::{Levelled, Original, Region, Space};
use crate::base::plane::Plane;
use crate::base::resample::Resample;
use crate::decode::Photo;
use crate::scene::Scene;

/// The part of the photo that is turned reaches beyond the frame by this share of its size: the frame moves a little with it.
const MARGIN: f64 = 0.04;
/// What must be left of the photo under the chin and beside the head, as shares of the frame's height and width: room to fade.
const ROOM: (f64, f64) = (0.08, 0.015);
/// How much of a measured tilt is taken back. The measure follows the bridge of the nose, which leans further than the eyes in a
/// head that is also turned aside.
const TAKEN_BACK: f64 = 0.7;
/// Steps between two pixels for which the filter's weights are tabled.
const PHASES: usize = 64;

/// The original at the size at which it is turned: no more pixels than the print has.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reduced;

impl Space for Reduced {}

/// Where a point, relative to the middle of a picture that was turned counter-clockwise, was before.
#[cfg(test)]
pub fn turned((x, y): (f64, f64), degrees: f64) -> (f64, f64) {
    let (sin, cos) = degrees.to_radians().sin_cos();
    (cos * x - sin * y, sin * x + cos * y)
}

/// Takes a measured tilt back: turns what the frame needs of the photo around the head, by Catmull–Rom
/// interpolation (sRGB values). It has as much of the frame's surroundings as the photo shows, without open
/// corners. `None` where the photo does not reach far enough around the head for that: its edges would swing
/// into the portrait.
pub fn level(
    original: &Scene<Original>,
    roll: f64,
    print_height: u32,
    shot: Shot,
) -> Option<Scene<Levelled>> {
    let Scene { photo, animal, head, framing } = original;
    // More pixels than the print has are reduced first.
    let scale = (f64::from(print_height) / framing.frame.height).min(1.0);
    let (side_x, side_y) = (scaled(photo.width, scale), scaled(photo.height, scale));
    let size = (side_x as f64, side_y as f64);
    let (per_x, per_y) = (size.0 / f64::from(photo.width), size.1 / f64::from(photo.height));
    let fit = |r: Region<Original>| {
        Region::<Reduced>::new(r.x * per_x, r.y * per_y, r.width * per_x, r.height * per_y)
    };
    let (frame, with_ears) = (fit(framing.frame), fit(framing.head));
    let head = Head {
        x: head.x * per_x as f32,
        y: head.y * per_y as f32,
        width: head.width * per_x as f32,
        height: head.height * per_y as f32,
        ..head.clone()
    };
    let pivot = (f64::from(head.x + head.width / 2.0), f64::from(head.y + head.height / 2.0));
    let (sin, cos) = (TAKEN_BACK * roll).to_radians().sin_cos();
    let part =
        shown_everywhere(frame.grown(frame.width * MARGIN, frame.height * MARGIN), pivot, (sin, cos), size)?;
    let beside = ROOM.1 * frame.width;
    let reaches = part.x + beside <= with_ears.x
        && part.x + part.width - beside >= with_ears.x + with_ears.width
        && part.y <= with_ears.y
        && part.y + part.height >= with_ears.y + with_ears.height + ROOM.0 * frame.height;
    if !reaches {
        return None;
    }

    let reduced = (scale < 1.0).then(|| reduced(photo, side_x, side_y));
    let photo = reduced.as_ref().unwrap_or(photo);
    let (width, height) = (part.width as usize, part.height as usize);
    let source = |x: f64, y: f64| {
        let (dx, dy) = (part.x + x - pivot.0, part.y + y - pivot.1);
        (pivot.0 + cos * dx - sin * dy, pivot.1 + sin * dx + cos * dy)
    };
    let weights = catmull_rom();
    let mut rgb = vec![0u8; width * height * 3];
    for (y, row) in rgb.chunks_exact_mut(width * 3).enumerate() {
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (sx, sy) = source(x as f64 + 0.5, y as f64 + 0.5);
            *pixel = sample(photo, sx - 0.5, sy - 0.5, &weights);
        }
    }
    let alpha = photo.alpha.as_ref().map(|alpha| {
        let at = |i: usize| {
            let (sx, sy) = source((i % width) as f64 + 0.5, (i / width) as f64 + 0.5);
            let (x, y) = ((sx.max(0.0) as usize).min(side_x - 1), (sy.max(0.0) as usize).min(side_y - 1));
            alpha[y * side_x + x]
        };
        (0..width * height).map(at).collect()
    });
    let (per_x, per_y) = (animal.width() as f64 / size.0, animal.height() as f64 / size.1);
    let coarse = |s: usize, per: f64| ((s as f64 * per).round() as usize).max(8);
    let (coarse_width, coarse_height) = (coarse(width, per_x), coarse(height, per_y));
    let animal = Plane::from_fn(coarse_width, coarse_height, |x, y| {
        let along = |i: usize, n: usize, whole: usize| (i as f64 + 0.5) / n as f64 * whole as f64;
        let (sx, sy) = source(along(x, coarse_width, width), along(y, coarse_height, height));
        animal.between(sx * per_x - 0.5, sy * per_y - 0.5)
    });
    let head = Head { x: head.x - part.x as f32, y: head.y - part.y as f32, ..head };
    let (format, stored) = (photo.format, photo.stored);
    let photo =
        Photo { width: width as u32, height: height as u32, rgb, alpha, format, stored, damage: Vec::new() };
    Some(Scene::framed(photo, animal, head, shot))
}

/// The largest part of `wanted`, in whole pixels, of which every point lies inside the photo after the turn. `None` where
/// nothing is left.
fn shown_everywhere(
    wanted: Region<Reduced>,
    pivot: (f64, f64),
    (sin, cos): (f64, f64),
    (width, height): (f64, f64),
) -> Option<Region<Reduced>> {
    let (mut left, mut right) = (wanted.x - pivot.0, wanted.x + wanted.width - pivot.0);
    let (mut top, mut bottom) = (wanted.y - pivot.1, wanted.y + wanted.height - pivot.1);
    // Each edge of the photo is a slanted line: the part ends where that line first meets it.
    for x in [left, right] {
        top = top.max((-pivot.1 - sin * x) / cos);
        bottom = bottom.min((height - pivot.1 - sin * x) / cos);
    }
    for y in [top, bottom] {
        left = left.max((-pivot.0 + sin * y) / cos);
        right = right.min((width - pivot.0 + sin * y) / cos);
    }
    let (x, y) = ((pivot.0 + left).ceil(), (pivot.1 + top).ceil());
    let (width, height) = ((pivot.0 + right).floor() - x, (pivot.1 + bottom).floor() - y);
    (width >= 8.0 && height >= 8.0).then_some(Region::new(x, y, width, height))
}

fn scaled(side: u32, scale: f64) -> usize {
    ((f64::from(side) * scale).round() as usize).max(1)
}

fn reduced(photo: &Photo, width: usize, height: usize) -> Photo {
    let resample = Resample::to(width, height);
    let rgb =
        Resample { filter: FilterType::CatmullRom, ..resample }.bytes::<U8x3>(&photo.rgb, photo.pixels());
    let alpha = photo.alpha.as_ref().map(|alpha| resample.bytes::<U8>(alpha, photo.pixels()));
    let (format, stored) = (photo.format, photo.stored);
    Photo { width: width as u32, height: height as u32, rgb, alpha, format, stored, damage: Vec::new() }
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
    // Rounded down by way of a cast: no point lies further than a pixel outside.
    let (x0, y0) = ((x + 1.0) as i64 - 1, (y + 1.0) as i64 - 1);
    let phase = |v: f64| ((v * PHASES as f64) + 0.5) as usize;
    let (across, down) = (&weights[phase(x - x0 as f64)], &weights[phase(y - y0 as f64)]);
    let (width, height) = (i64::from(photo.width), i64::from(photo.height));
    let (x0, y0) = (x0 - 1, y0 - 1);
    // Four pixels of a row are twelve values side by side: the four rows are added first, so that any processor does
    // several values at a time.
    let mut column = [0f32; 12];
    if x0 >= 0 && y0 >= 0 && x0 + 4 <= width && y0 + 4 <= height {
        let (stride, from) = (photo.width as usize * 3, (y0 * width + x0) as usize * 3);
        for (j, &weight) in down.iter().enumerate() {
            let row = &photo.rgb[from + j * stride..from + j * stride + 12];
            for (sum, &value) in column.iter_mut().zip(row) {
                *sum += weight * f32::from(value);
            }
        }
    } else {
        // At the photo's edge its last pixels stand for those beyond.
        for (y, &weight) in (y0..).zip(down) {
            let row = y.clamp(0, height - 1) * width;
            for (x, sums) in (x0..).zip(column.as_chunks_mut::<3>().0) {
                let from = (row + x.clamp(0, width - 1)) as usize * 3;
                for (sum, &value) in sums.iter_mut().zip(&photo.rgb[from..from + 3]) {
                    *sum += weight * f32::from(value);
                }
            }
        }
    }
    std::array::from_fn(|c| {
        let sum: f32 = across.iter().enumerate().map(|(i, &weight)| weight * column[3 * i + c]).sum();
        (sum + 0.5).clamp(0.0, 255.0) as u8
    })
}

#[cfg(test)]
mod tests {
    use headshot_core::HeadSource;
    use headshot_core::upload::Format;

    use super::*;
    use crate::framing::Framing;

    const HEAD: Head =
        Head { x: 110.0, y: 70.0, width: 80.0, height: 100.0, confidence: 0.9, source: HeadSource::Model };

    fn photo(side: usize, grey: impl Fn(f64, f64) -> u8) -> Photo {
        let pixel = |i: usize| [grey((i % side) as f64 + 0.5, (i / side) as f64 + 0.5); 3];
        let rgb = (0..side * side).flat_map(pixel).collect();
        let side = side as u32;
        Photo {
            width: side,
            height: side,
            rgb,
            alpha: None,
            format: Format::Png,
            stored: (side, side),
            damage: Vec::new(),
        }
    }

    fn scene(photo: &Photo, frame: Region, head: Head) -> Scene<Original> {
        let framing = Framing { frame, visible: frame, head: Region::of_head(&head) };
        Scene { photo: photo.clone(), animal: Plane::filled(60, 60, 1.0), head, framing }
    }

    #[test]
    fn turning_keeps_the_head_where_it_is_and_its_surroundings_turn_around_it() {
        // A bright bar that was turned counter-clockwise by seven tenths of ten degrees, through the middle of the head.
        let bar = photo(300, |x, y| if turned((x - 150.0, y - 120.0), 7.0).0.abs() < 6.0 { 220 } else { 40 });
        let askew = scene(&bar, Region::new(84.0, 55.0, 132.0, 165.0), HEAD);
        let levelled = level(&askew, -10.0, 3000, Shot::Head).expect("there is room");
        let middle = (levelled.head.x + levelled.head.width / 2.0) as usize;
        let width = levelled.photo.width as usize;
        for y in (5..levelled.photo.height as usize - 5).step_by(10) {
            let value = |x: usize| levelled.photo.rgb[(y * width + x) * 3];
            assert!(value(middle) > 200 && value(middle - 12) < 60 && value(middle + 12) < 60, "row {y}");
        }
        assert!((levelled.head.width - HEAD.width).abs() < 1e-3);
        let small = level(&askew, -10.0, 80, Shot::Head).expect("there is room");
        assert!((small.photo.height as f64 / levelled.photo.height as f64 - 80.0 / 165.0).abs() < 0.03);
    }

    #[test]
    fn no_edge_of_the_photo_swings_into_the_portrait() {
        // Nothing is black in this photo, so that black would be what it does not show.
        let grey = photo(300, |_, _| 150);
        for frame in [Region::new(60.0, 40.0, 200.0, 250.0), Region::new(60.0, 40.0, 240.0, 300.0)] {
            let levelled = level(&scene(&grey, frame, HEAD), 8.0, 3000, Shot::Head).expect("there is room");
            assert!(levelled.photo.rgb.iter().all(|&v| v == 150));
            assert!(levelled.photo.alpha.is_none());
        }
        // A photo that ends at the chin, or beside the ears, is left as it is.
        let tight = |x: f32, y: f32| {
            let frame = Region::new(f64::from(x) - 26.0, f64::from(y) - 15.0, 132.0, 165.0);
            level(&scene(&grey, frame, Head { x, y, ..HEAD }), 8.0, 3000, Shot::Head).is_none()
        };
        assert!(tight(110.0, 199.0) && tight(1.0, 70.0) && tight(110.0, 1.0) && !tight(110.0, 100.0));
    }
}
