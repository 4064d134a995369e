//! How far a head is tilted, read off its symmetry.

use fast_image_resize::FilterType;
use fast_image_resize::pixels::U8x3;

use crate::base::colour::{LUMINANCE, ToneTables};
use crate::base::geometry::{Original, Point, Region};
use crate::base::plane::{Plane, smoothstep};
use crate::base::resample::Resample;
use crate::scene::Scene;

/// Side of the square patch in which the head is mirrored, in samples, and half of it as a share of the head's longer edge.
const PATCH: usize = 64;
/// See [`PATCH`].
const REACH: f64 = 0.55;
/// Shades larger than this many samples, such as light from one side, say nothing of symmetry.
const SHADES: usize = 8;
/// Tilts that are tried, in degrees.
const TRIED: std::ops::RangeInclusive<i32> = -8..=8;
/// Degrees between two of them.
const STEP: f64 = 2.0;
/// How far beside the patch's middle the mirror may stand, in samples.
const ASIDE: i32 = 9;
/// Shares of the drawing within the head and of its outline in the likeness of both halves.
const DRAWING: f32 = 0.75;
/// Likeness of the halves at the best tilt, and how far it lies above the median tilt's.
///
/// At the first of each pair the head has no axis of symmetry, as in a profile; at the second it surely has.
const ALIKE: [(f32, f32); 2] = [(0.55, 0.65), (0.07, 0.17)];
/// Tilts within this likeness of the best are averaged, with weights that fall to zero.
const NEAR_BEST: f32 = 0.06;
/// A tilt up to the first of these degrees is none; from the second on it is taken in full.
const LEAST: (f32, f32) = (1.0, 2.5);
/// A tilt up to the first of these degrees is an accident; from the second on it is a gesture.
const MOST: (f32, f32) = (7.0, 10.0);
/// Turning by less changes nothing that one could see, and costs sharpness.
const WORTH_TURNING: f64 = 0.2;

/// By how many degrees the head must be turned, counter-clockwise, to stand upright; `None` where its halves
/// are not alike enough to tell, where it stands upright already, or where it is tilted on purpose. In
/// between, the answer is smaller.
///
/// The head is mirrored at every tilt within 16 degrees and the likeness of both halves compared, as in the search for mirror
/// symmetry by correlation (Marola, "On the detection of the axes of symmetry of symmetric and almost symmetric planar
/// images", 1989). On 158 photos turned by six degrees either way, the answer followed within two degrees in nine of ten of those
/// that are alike enough.
pub fn roll(scene: &Scene<Original>) -> Option<f64> {
    let (drawing, alpha) = surroundings(scene);
    let tried: Vec<f32> = TRIED.map(|i| likeness(&drawing, &alpha, f64::from(i) * STEP)).collect();
    let best = tried.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sorted = tried.clone();
    sorted.sort_by(f32::total_cmp);
    let above = best - sorted[sorted.len() / 2];
    let (mut sum, mut moment) = (0.0f32, 0.0f32);
    for (i, likeness) in TRIED.zip(&tried) {
        let weight = (likeness - best + NEAR_BEST).max(0.0).powi(2);
        sum += weight;
        moment += weight * i as f32 * STEP as f32;
    }
    let tilt = moment / sum;
    let sure = smoothstep(ALIKE[0].0, ALIKE[0].1, best) * smoothstep(ALIKE[1].0, ALIKE[1].1, above);
    let meant = smoothstep(LEAST.0, LEAST.1, tilt.abs()) * (1.0 - smoothstep(MOST.0, MOST.1, tilt.abs()));
    let degrees = f64::from(tilt * sure * meant);
    (degrees.abs() >= WORTH_TURNING).then_some(degrees)
}

/// Lightness without its large shades, and alpha, of a square around the head that can be turned within.
fn surroundings(scene: &Scene<Original>) -> (Plane, Plane) {
    let Scene { photo, animal, head, .. } = scene;
    let reach = REACH * f64::from(head.width.max(head.height));
    // A patch turned by any angle fits into a square larger by the root of two; a sample more for interpolation.
    let half = reach * (std::f64::consts::SQRT_2 + 4.0 / PATCH as f64);
    let centre = Point::<Original>::of_head(head);
    let square = Region::new(centre.x - half, centre.y - half, 2.0 * half, 2.0 * half);
    let shown = square.inside(photo.size());
    let scale = PATCH as f64 / (2.0 * reach);
    let side = |s: f64| ((s * scale).round() as usize).max(1);
    let (width, height) = (side(shown.width), side(shown.height));
    let rgb = Resample::part(shown, (width, height), FilterType::Bilinear)
        .bytes::<U8x3>(&photo.rgb, photo.pixels());
    let alpha = animal.part(scene.whole(), shown).resize(width, height);
    let tables = ToneTables::new(LUMINANCE);
    let lightness =
        Plane::from_fn(width, height, |x, y| tables.lightness(rgb.as_chunks::<3>().0[y * width + x]));
    let shades = lightness.box_mean(SHADES);
    let drawing = lightness.zip(&shades, |l, s| l - s).zip(&alpha, |d, a| d * a);
    // Beyond the photo's edges there is nothing.
    let missing = |s: f64| (s * scale).round() as usize;
    let (left, top) = (missing(shown.x - square.x), missing(shown.y - square.y));
    let whole_side = side(square.width);
    let padded = |plane: &Plane| {
        Plane::from_fn(whole_side, whole_side, |x, y| {
            let (x, y) = (x.wrapping_sub(left), y.wrapping_sub(top));
            if x < width && y < height { plane.at(x, y) } else { 0.0 }
        })
    };
    (padded(&drawing), padded(&alpha))
}

/// How alike the halves of the turned patch are, at the best place of the mirror: correlation of the drawing, and overlap of the
/// outline.
fn likeness(drawing: &Plane, alpha: &Plane, degrees: f64) -> f32 {
    let [drawing, alpha] = [drawing, alpha].map(|plane| patch(plane, degrees));
    let n = PATCH as i32;
    (-ASIDE..=ASIDE)
        .step_by(2)
        .map(|aside| {
            let (from, to) = ((2 * aside).max(0), (n + 2 * aside).min(n));
            let (mut product, mut square, mut both, mut either) = (0.0f32, 1e-6f32, 0.0f32, 1e-6f32);
            for y in 0..PATCH {
                let (d, a) = (drawing.row(y), alpha.row(y));
                for x in from..to {
                    let (x, mirrored) = (x as usize, (from + to - 1 - x) as usize);
                    product += d[x] * d[mirrored];
                    square += d[x] * d[x];
                    both += a[x].min(a[mirrored]);
                    either += a[x].max(a[mirrored]);
                }
            }
            DRAWING * product / square + (1.0 - DRAWING) * both / either
        })
        .fold(0.0, f32::max)
}

/// The middle of a square plane, turned counter-clockwise.
fn patch(plane: &Plane, degrees: f64) -> Plane {
    let (middle, centre) = (plane.width() as f32 / 2.0, PATCH as f32 / 2.0);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (sin, cos) = (sin as f32, cos as f32);
    Plane::from_fn(PATCH, PATCH, |x, y| {
        // As `turned`, in single precision: this is done for every sample of every tilt.
        let (dx, dy) = (x as f32 + 0.5 - centre, y as f32 + 0.5 - centre);
        let (sx, sy) = (middle + cos * dx - sin * dy - 0.5, middle + sin * dx + cos * dy - 0.5);
        let (x0, y0) = (sx as usize, sy as usize);
        let (tx, ty) = (sx - x0 as f32, sy - y0 as f32);
        let across = |y: usize| plane.at(x0, y) + tx * (plane.at(x0 + 1, y) - plane.at(x0, y));
        across(y0) + ty * (across(y0 + 1) - across(y0))
    })
}

#[cfg(test)]
mod tests {
    use headshot_core::upload::Format;
    use headshot_core::{Head, HeadSource, Shot};

    use super::*;
    use crate::decode::Photo;
    use crate::level::turned;

    /// A face of two eyes, a nose and two ears, tilted counter-clockwise.
    fn tilted(degrees: f64) -> Scene<Original> {
        let side = 400usize;
        let face = |x: f64, y: f64| {
            let (x, y) = turned((x - 200.0, y - 200.0), degrees);
            let disc = |cx: f64, cy: f64, r: f64| (x - cx).powi(2) + (y - cy).powi(2) < r * r;
            let spot = disc(-45.0, -25.0, 14.0) || disc(45.0, -25.0, 14.0) || disc(0.0, 35.0, 18.0);
            let head = disc(0.0, 0.0, 110.0) || disc(-80.0, -95.0, 35.0) || disc(80.0, -95.0, 35.0);
            (head, spot)
        };
        let mut rgb = Vec::new();
        for i in 0..side * side {
            let (head, spot) = face((i % side) as f64, (i / side) as f64);
            rgb.extend(
                [if spot {
                    30
                } else if head {
                    170
                } else {
                    90
                }; 3],
            );
        }
        let animal = Plane::from_fn(200, 200, |x, y| {
            if face(x as f64 * 2.0 + 1.0, y as f64 * 2.0 + 1.0).0 { 1.0 } else { 0.0 }
        });
        let photo = Photo {
            width: 400,
            height: 400,
            rgb,
            alpha: None,
            format: Format::Png,
            stored: (400, 400),
            damage: Vec::new(),
        };
        let (x, y, width, height) = (75.0, 70.0, 250.0, 245.0);
        let head = Head { x, y, width, height, confidence: 0.9, source: HeadSource::Model };
        Scene::framed(photo, animal, head, Shot::Head)
    }

    #[test]
    fn a_tilt_is_measured_and_an_upright_head_or_a_gesture_is_let_alone() {
        for degrees in [-6.0, -3.0, 4.0, 7.0] {
            let found = roll(&tilted(degrees)).expect("a face with a mirror");
            assert!((found + degrees).abs() < 1.0, "{found} puts {degrees} upright");
        }
        for degrees in [0.0, 13.0] {
            assert_eq!(roll(&tilted(degrees)), None, "{degrees}");
        }
    }
}
