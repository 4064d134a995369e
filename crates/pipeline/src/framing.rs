//! The 4:5 crop around the head.

use std::ops::Range;

use headshot_core::{Head, Shot};

use crate::base::geometry::{HeadSpan, Levelled, Region, Space};
use crate::base::plane::{Plane, smoothstep};

/// From ear tips to chin, the head takes this share of the frame's height: with headroom of a tenth the eyes come to
/// lie on the upper third, as portrait painters place them. The second where the photo ends soon under the chin: larger, and
/// so with less empty paper below.
const HEAD_HEIGHT: (f64, f64) = (0.60, 0.66);
/// From ear to ear (or ruff to ruff) the head takes at most this share of the frame's width; likewise.
const HEAD_WIDTH: (f64, f64) = (0.78, 0.86);
/// Empty space above the ears, as a share of the frame's height; likewise.
const HEADROOM: (f64, f64) = (0.09, 0.10);
/// The same for heads whose eyes would lie too low with it, or too high: tall ears get less, a head that is wider than tall
/// more, and where that is not enough up to the frame's width that a photo which ends under the chin allows.
const HEADROOMS: (f64, f64) = (0.061, 0.12);
/// Where the eyes may lie, from the top, as a share of the frame's height. Between a third and two fifths is where portrait
/// painters place them; a little is left on either side, because the eyes are not looked for.
const EYE_LINE: (f64, f64) = (0.345, 0.395);
/// The eyes lie this share of the way from the skull's top down to the chin: of drawn and of real heads, cats' and dogs'.
const EYES: f64 = 0.42;
/// What the photo shows below the chin, in heights of the head: hardly anything, and enough for a bust.
const BUST: (f32, f32) = (0.12, 0.45);
/// An animal that looks to one side gets at most this share of the frame's width more room there.
const LOOKING_ROOM: f64 = 0.05;
/// How much more of the head's box is filled at the back of the head than at the muzzle, in a head that is seen from
/// the front and in one that is seen from the side.
const PROFILE: (f32, f32) = (0.04, 0.20);
/// How far the body's middle lies beside the head's, in widths of the head, in an animal that faces us and in one that turns away.
const BODY_ASIDE: (f32, f32) = (0.15, 0.60);
/// Ears may rise above the head box by up to this share of its height, and stick out sideways by the other.
const EARS: (f64, f64) = (0.55, 0.40);
/// Area of animal that marks an edge of the head: as a share of the head's box, and at least in samples.
const EDGE: (f64, f64) = (0.002, 2.5);
/// Tips of ears and the outermost fur lie this share of the box's height or width before that edge.
const TIP: f64 = 0.02;
/// The skull begins where its middle third is filled over this share of the head's height.
const SKULL: f64 = 0.03;
/// Alpha from which a sample counts as animal when an edge is looked for, and from which it counts in full.
const SOLID: (f32, f32) = (0.15, 0.85);
/// Ears that begin this close to the photo's upper edge are cut off by it; from the second value on they are
/// not. Shares of the photo's height.
const CUT_ABOVE: (f32, f32) = (0.004, 0.03);
/// A bust shows the head this much smaller, at the smallest.
const BUST_SCALE: f64 = 0.70;
/// However close, so much of the frame's width stays free beside the head.
const WIDEST: f64 = 0.94;
/// Width over height.
const ASPECT: f64 = 0.8;

/// What of a photo is shown, and where the head lies in it. All in its pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Framing<S> {
    /// The 4:5 frame; it may reach beyond the photo, where it stays transparent.
    pub frame: Region<S>,
    /// The part of the frame that the photo covers.
    pub visible: Region<S>,
    /// The head with its ears.
    pub head: Region<S>,
}

impl Framing<Levelled> {
    /// Where the head lies in the visible part.
    pub fn head_span(&self) -> HeadSpan {
        HeadSpan {
            top: (self.head.y - self.visible.y) / self.visible.height,
            height: self.head.height / self.visible.height,
        }
    }
}

/// Frames the head: 4:5, ears inside, headroom, eyes on the upper third, and room in the direction of its look.
///
/// No threshold decides anything here: a photo that is saved again gives a slightly different matte and head,
/// and must give a slightly different frame.
///
/// `matte` is the cleaned coarse matte over the whole photo of `size` pixels.
pub fn frame_head<S: Space>(head: &Head, matte: &Plane, size: (f64, f64), shot: Shot) -> Framing<S> {
    let head = with_ears(Region::of_head(head).inside(size), matte, size);
    let below = (size.1 - head.y - head.height) / head.height;
    let cut_short = 1.0 - f64::from(smoothstep(BUST.0, BUST.1, below as f32));
    let between = |(usual, short): (f64, f64)| usual + cut_short * (short - usual);
    let eyes = eyes_below_ears(head, matte, size);
    let closer = match shot {
        Shot::Head => 1.0,
        Shot::CloseUp => 1.15,
        // As much of the chest as the photo has, and no paper below it.
        Shot::Bust => ((1.0 - HEADROOM.0) / (HEAD_HEIGHT.0 * (1.0 + below))).clamp(BUST_SCALE, 1.0),
    };
    let wide_enough = (EYE_LINE.0 - HEADROOMS.1) / (eyes * ASPECT) * head.width;
    let head_width = (wide_enough.clamp(between(HEAD_WIDTH), HEAD_WIDTH.1) * closer).min(WIDEST);
    // Under tall ears the least headroom may not be enough to keep the eyes up: then the head is smaller.
    let tall_enough = eyes / (EYE_LINE.1 - HEADROOMS.0) / closer;
    let height = (head.height / (between(HEAD_HEIGHT) * closer))
        .max(head.width / (head_width * ASPECT))
        .max(tall_enough);
    let width = height * ASPECT;
    let (most, least) = (EYE_LINE.1 - eyes / height, EYE_LINE.0 - eyes / height);
    let headroom = height * between(HEADROOM).min(most).max(least).clamp(HEADROOMS.0, HEADROOMS.1);
    // Ears that the photo cuts off end at the frame's edge: a straight cut in mid-air would look like a mistake.
    let whole_above = f64::from(smoothstep(CUT_ABOVE.0, CUT_ABOVE.1, (head.y / size.1) as f32));
    let y = head.y - headroom * whole_above;
    let beside = (width - head.width) / 2.0;
    let aside = looks_aside(head, matte, size) * (LOOKING_ROOM * width).min(0.8 * beside);
    let frame = Region::new(head.x + head.width / 2.0 - width / 2.0 + aside, y, width, height);
    Framing { frame, visible: frame.inside(size), head }
}

/// How far the eyes lie below the head's upper edge, which is the tips of ears that stand up.
fn eyes_below_ears<S: Space>(head: Region<S>, matte: &Plane, (width, height): (f64, f64)) -> f64 {
    let (sx, sy) = (width / matte.width() as f64, height / matte.height() as f64);
    // Between ears that stand up there is nothing: the skull begins where the middle third of the head does.
    let middle = (head.x + head.width / 3.0) / sx..(head.x + head.width * 2.0 / 3.0) / sx;
    let rows = head.y / sy..(head.y + head.height / 2.0) / sy;
    let filled = row_sums(matte, middle.clone());
    let enough = SKULL * head.height / sy * (middle.end - middle.start);
    let skull = until_met(&filled, rows, enough) * sy;
    skull + EYES * (head.height - skull)
}

/// Where the animal looks: -1 to the left, 1 to the right, 0 straight ahead.
///
/// In profile the back of the head fills its side of the box, neck and all, and the muzzle does not fill the other; and the body
/// lies behind the head. Only where both say the same is it believed: a face that is lit or turned oddly says one alone.
fn looks_aside<S: Space>(head: Region<S>, matte: &Plane, size: (f64, f64)) -> f64 {
    let third = |from: f64| Region::new(head.x + from * head.width, head.y, head.width / 3.0, head.height);
    let filled = |region: Region<S>| {
        let part = matte.part(Region::whole(size), region.inside(size));
        part.data().iter().sum::<f32>() / part.data().len() as f32
    };
    let behind = filled(third(0.0)) - filled(third(2.0 / 3.0));
    let (mut mass, mut moment) = (0.0f64, 0.0f64);
    for row in matte.data().chunks_exact(matte.width()) {
        for (x, &a) in row.iter().enumerate() {
            mass += f64::from(a);
            moment += f64::from(a) * (x as f64 + 0.5);
        }
    }
    let body = moment / mass.max(1e-6) * size.0 / matte.width() as f64;
    let aside = ((head.x + head.width / 2.0 - body) / head.width) as f32;
    if behind * aside <= 0.0 {
        return 0.0;
    }
    let sure = smoothstep(PROFILE.0, PROFILE.1, behind.abs()).min(smoothstep(
        BODY_ASIDE.0,
        BODY_ASIDE.1,
        aside.abs(),
    ));
    f64::from(sure * behind.signum())
}

/// The head box grown to what the matte shows of ears and ruff around it.
fn with_ears<S: Space>(head: Region<S>, matte: &Plane, (width, height): (f64, f64)) -> Region<S> {
    // In samples of the matte from here on.
    let (sx, sy) = (width / matte.width() as f64, height / matte.height() as f64);
    let (x, y, w, h) = (head.x / sx, head.y / sy, head.width / sx, head.height / sy);
    let enough = (EDGE.0 * w * h).max(EDGE.1);

    let above = y - EARS.0 * h..y + h;
    let rows = row_sums(matte, x - 0.15 * w..x + 1.15 * w);
    let top = (above.start.max(0.0) + until_met(&rows, above, enough) - TIP * h).min(y + 0.2 * h);

    // Above the jaw only: the shoulders are no part of the head.
    let columns = column_sums(matte, top..y + 0.75 * h);
    let from_left = x - EARS.1 * w..x + w / 2.0;
    let left = (from_left.start.max(0.0) + until_met(&columns, from_left, enough) - TIP * w).min(x + 0.2 * w);
    let all = matte.width() as f64;
    let mirrored: Vec<f64> = columns.into_iter().rev().collect();
    let from_right = all - x - (1.0 + EARS.1) * w..all - x - w / 2.0;
    let right = from_right.start.max(0.0) + until_met(&mirrored, from_right, enough);
    let right = (all - right + TIP * w).max(x + 0.8 * w);
    let (left, top, right) = (left.max(0.0), top.max(0.0), right.min(all));
    Region::new(left * sx, top * sy, (right - left) * sx, (y + h - top) * sy)
}

/// How much of each row is animal, within some columns. Columns and rows may begin and end within a sample.
fn row_sums(matte: &Plane, columns: Range<f64>) -> Vec<f64> {
    let weights: Vec<f64> = (0..matte.width()).map(|x| overlap(&columns, x)).collect();
    let sum = |row: &[f32]| row.iter().zip(&weights).map(|(&a, w)| w * solid(a)).sum();
    matte.data().chunks_exact(matte.width()).map(sum).collect()
}

/// How much of each column is animal, within some rows.
fn column_sums(matte: &Plane, rows: Range<f64>) -> Vec<f64> {
    let mut sums = vec![0.0; matte.width()];
    for (y, row) in matte.data().chunks_exact(matte.width()).enumerate() {
        let weight = overlap(&rows, y);
        if weight > 0.0 {
            sums.iter_mut().zip(row).for_each(|(sum, &a)| *sum += weight * solid(a));
        }
    }
    sums
}

/// How many samples of `range` pass until `enough` of the animal has been met.
///
/// It is the mean over all amounts from none to twice `enough`. So a faint spot on the way moves the answer
/// only a little. What of `range` lies outside of the plane counts as nothing.
fn until_met(sums: &[f64], range: Range<f64>, enough: f64) -> f64 {
    let most = 2.0 * enough;
    let (mut met, mut way) = (0.0, 0.0);
    for (i, &sum) in sums.iter().enumerate() {
        let step = overlap(&range, i);
        let here = sum * step;
        // Within the step the amount grows evenly; beyond the most, the way ends.
        let part = if met + here > most { (most - met) / here } else { 1.0 };
        way += step * part * (1.0 - (2.0 * met + part * here) / (2.0 * most));
        met += here;
        if met >= most {
            break;
        }
    }
    way
}

/// How much of sample `i` lies within a range.
fn overlap(range: &Range<f64>, i: usize) -> f64 {
    (range.end.min(i as f64 + 1.0) - range.start.max(i as f64)).max(0.0)
}

fn solid(alpha: f32) -> f64 {
    f64::from(smoothstep(SOLID.0, SOLID.1, alpha))
}

#[cfg(test)]
mod tests {
    use headshot_core::HeadSource;
    use proptest::prelude::*;

    use super::*;
    use crate::base::geometry::Original;

    fn frame_head(head: &Head, matte: &Plane, size: (f64, f64)) -> Framing<Original> {
        super::frame_head(head, matte, size, Shot::Head)
    }

    fn head(x: f32, y: f32, width: f32, height: f32) -> Head {
        Head { x, y, width, height, confidence: 0.9, source: HeadSource::Model }
    }

    #[test]
    fn tall_ears_are_inside_with_headroom_above() {
        // A head of 200 × 200 px in a photo of 1000 × 1000, with ears that rise 80 px above its box.
        let matte = Plane::from_fn(250, 250, |x, y| {
            let face = (100..150).contains(&x) && (100..150).contains(&y);
            let ears = ((102..110).contains(&x) || (140..148).contains(&x)) && (80..100).contains(&y);
            if face || ears { 1.0 } else { 0.0 }
        });
        let framing = frame_head(&head(400.0, 400.0, 200.0, 200.0), &matte, (1000.0, 1000.0));
        let headroom = (framing.head.y - framing.frame.y) / framing.frame.height;
        assert!((framing.head.y - 320.0).abs() < 5.0, "the ears start at 320, not {}", framing.head.y);
        assert!((0.06..=0.12).contains(&headroom), "headroom {headroom}");
    }

    #[test]
    fn a_faint_spot_above_the_head_moves_the_frame_as_little_as_it_weighs() {
        let frame = |spot: f32| {
            let matte = Plane::from_fn(250, 250, |x, y| {
                let face = (100..150).contains(&x) && (100..150).contains(&y);
                let above = (120..124).contains(&x) && (84..86).contains(&y);
                if face {
                    1.0
                } else if above {
                    spot
                } else {
                    0.0
                }
            });
            frame_head(&head(400.0, 400.0, 200.0, 200.0), &matte, (1000.0, 1000.0)).frame
        };
        let mut before = frame(0.0);
        let mut most = 0.0f64;
        for spot in 1..=100 {
            let now = frame(spot as f32 / 100.0);
            most =
                most.max((now.height / before.height - 1.0).abs()).max((now.y - before.y).abs() / now.height);
            before = now;
        }
        assert!(most < 0.015, "a hundredth of alpha moves it by {most}");
        assert!(frame(1.0).y < frame(0.0).y - 5.0, "a spot that is there counts");
    }

    #[test]
    fn a_profile_gets_room_to_look_into() {
        // The back of the head and the neck fill the box's left, the muzzle a part of its right.
        let matte = Plane::from_fn(250, 250, |x, y| {
            let skull = (100..135).contains(&x) && y >= 100 || x < 100 && y >= 150;
            let muzzle = (135..150).contains(&x) && (118..138).contains(&y);
            if skull || muzzle { 1.0 } else { 0.0 }
        });
        let framing = frame_head(&head(400.0, 400.0, 200.0, 200.0), &matte, (1000.0, 1000.0));
        let before = framing.head.x - framing.frame.x;
        let ahead = framing.frame.x + framing.frame.width - framing.head.x - framing.head.width;
        assert!(ahead > before * 1.3, "{before} behind it, {ahead} ahead");
        let straight =
            frame_head(&head(400.0, 400.0, 200.0, 200.0), &Plane::filled(250, 250, 1.0), (1000.0, 1000.0));
        let middle = straight.head.x + straight.head.width / 2.0;
        assert!((middle - straight.frame.x - straight.frame.width / 2.0).abs() < 1.0);
    }

    #[test]
    fn a_photo_that_ends_under_the_chin_leaves_less_paper_empty() {
        let matte = Plane::filled(250, 250, 1.0);
        let empty = |head_y: f32| {
            let f = frame_head(&head(400.0, head_y, 200.0, 200.0), &matte, (1000.0, 1000.0));
            (f.frame.y + f.frame.height - f.visible.y - f.visible.height) / f.frame.height
        };
        assert!(empty(300.0) < 1e-9, "enough of the body is shown");
        assert!(empty(780.0) < 0.30, "{}", empty(780.0));
    }

    #[test]
    fn a_close_up_shows_less_and_a_bust_more() {
        let matte = Plane::filled(250, 250, 1.0);
        let width = |shot| {
            let head = Head {
                x: 400.0,
                y: 300.0,
                width: 200.0,
                height: 200.0,
                confidence: 0.9,
                source: HeadSource::Model,
            };
            super::frame_head::<Original>(&head, &matte, (1000.0, 1000.0), shot).frame.width
        };
        assert!(width(Shot::CloseUp) < 0.92 * width(Shot::Head), "{}", width(Shot::CloseUp));
        assert!(width(Shot::Bust) > 1.3 * width(Shot::Head), "{}", width(Shot::Bust));
    }

    proptest! {
        #[test]
        fn any_head_gives_a_4_by_5_frame_that_holds_it(
            x in -50f32..900.0, y in -50f32..900.0, w in 1f32..800.0, h in 1f32..800.0,
            shot in prop::sample::select(&Shot::ALL[..]),
        ) {
            let matte = Plane::filled(64, 64, 1.0);
            let f = super::frame_head::<Original>(&head(x, y, w, h), &matte, (1000.0, 1000.0), shot);
            prop_assert!((f.frame.width / f.frame.height - 0.8).abs() < 1e-9);
            prop_assert!(f.frame.x <= f.head.x && f.frame.y <= f.head.y + 1e-9);
            prop_assert!(f.frame.x + f.frame.width >= f.head.x + f.head.width);
            prop_assert!(f.visible.x >= 0.0 && f.visible.x + f.visible.width <= 1000.0);
            prop_assert!(f.visible.width >= 1.0 && f.visible.height >= 1.0);
        }
    }
}
