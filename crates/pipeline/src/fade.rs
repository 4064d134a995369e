//! The neck fades into the paper, and so does what the photo cuts off.

use std::ops::Range;

use crate::base::geometry::Levelled;
use crate::base::plane::smoothstep;
use crate::crop::Matte;
use crate::framing::Framing;

/// In the middle the neck fade starts this share of the head's height below the chin, …
const START_BELOW_CHIN: f32 = 0.16;
/// … towards the head's sides higher by this, so that it curves around the chin without touching the head, …
const RISE_UNDER_HEAD: f32 = 0.14;
/// … and over the shoulders by this more, so that the bust closes like an oval.
const RISE_OVER_SHOULDERS: f32 = 0.24;
/// Over the shoulders it ends earlier by this share of its length.
const SHOULDER_END: f32 = 0.30;
/// The fade's length where the photo ends soon, as a share of the frame's height, and the least where it ends at the chin itself.
const SHORT: (f32, f32) = (0.08, 0.03);
/// Rows in which the shoulders are looked for, as shares of the head's height below the chin.
const SHOULDERS: (f32, f32) = (0.05, 0.40);
/// Width of the fade where the frame or the photo cuts the body at the side, as a share of the frame's width.
const SIDE: f32 = 0.10;
/// Width of the same fade beside the head, which must stay whole.
const SIDE_AT_HEAD: f32 = 0.015;
/// Its least width, as a share of the frame's height: a cut edge needs a pixel or two to look soft.
const LEAST_SIDE: f32 = 0.003;

/// The matte of the visible part of the frame, faded below the chin and at the sides. Head alpha is unchanged.
///
/// The fade's shape follows the animal: it curves around the chin, rises over the shoulders where they are, and closes with them.
pub fn fade(matte: &Matte, framing: &Framing<Levelled>) -> Matte {
    let (frame, visible, head) = (framing.frame, framing.visible, framing.head);
    let (width, height) = (matte.width, matte.height);
    // All in units of the frame's height, from the visible part's top left corner.
    let unit = frame.height;
    let scale = (visible.height / unit) as f32 / height as f32;
    let along = |v: f64, origin: f64| ((v - origin) / unit) as f32;

    let chin = along(head.y + head.height, visible.y);
    let head_height = (head.height / unit) as f32;
    let centre = along(head.x + head.width / 2.0, visible.x);
    let half_head = (head.width / unit) as f32 / 2.0;
    let left = along(frame.x.max(visible.x), visible.x);
    let right = along((frame.x + frame.width).min(visible.x + visible.width), visible.x);
    let bottom = along((frame.y + frame.height).min(visible.y + visible.height), visible.y);
    let start = (chin + START_BELOW_CHIN * head_height).min(bottom - SHORT.0);
    let start = start.max(chin.min(bottom - SHORT.1));

    let row = |below_chin: f32| ((chin + below_chin * head_height) / scale).max(0.0) as usize;
    let shoulders = shoulders(matte, row(SHOULDERS.0)..row(SHOULDERS.1));
    let reach = shoulders.map(|(from, to)| [centre - from as f32 * scale, to as f32 * scale - centre]);
    // Never narrower than the head: what hangs down beside it is the head's too.
    let reach = reach.unwrap_or([half_head; 2]).map(|reach| reach.max(half_head * 1.15));

    // Beside the head the side fade ends where the head begins, however close to the edge that is.
    let beside = [centre - half_head - left, right - centre - half_head].map(|room| room.max(LEAST_SIDE));

    let mut columns: Vec<(f32, f32, [f32; 2])> = Vec::with_capacity(width);
    for x in 0..width {
        let x = (x as f32 + 0.5) * scale;
        let away = (x - centre).abs();
        let reach = if x < centre { reach[0] } else { reach[1] };
        let under = smoothstep(0.3, 1.0, away / half_head.max(1e-3));
        let over = smoothstep(0.0, 1.0, (away - half_head) / (reach - half_head).max(1e-3));
        let rise = (under * RISE_UNDER_HEAD + over * RISE_OVER_SHOULDERS) * head_height;
        // Beside the head it may rise beyond the chin, under it never.
        let column_start = if away <= half_head { (start - rise).max(start.min(chin)) } else { start - rise };
        let column_end = bottom - 0.5 * (under + over) * SHOULDER_END * (bottom - start);
        let sides = [x - left, right - x].map(|side| side.max(0.0));
        columns.push((column_start, column_end.max(column_start + SHORT.1), sides));
    }

    let frame_width = (frame.width / unit) as f32;
    let mut alpha = matte.alpha.clone();
    for (y, row) in alpha.chunks_exact_mut(width).enumerate() {
        let y = (y as f32 + 0.5) * scale;
        // Beside the head the side fade is narrow; it opens towards the shoulders.
        let below = smoothstep(chin - 0.5 * head_height, chin + 0.1 * head_height, y);
        let side_width = frame_width * (SIDE_AT_HEAD + below * (SIDE - SIDE_AT_HEAD));
        let freed = smoothstep(chin, chin + 0.1 * head_height, y);
        let side_widths = beside.map(|room| side_width.min(room + freed * frame_width * SIDE));
        for (value, &(start, end, sides)) in row.iter_mut().zip(&columns) {
            if *value == 0 {
                continue;
            }
            let beside =
                smoothstep(0.0, side_widths[0], sides[0]) * smoothstep(0.0, side_widths[1], sides[1]);
            let keep = (1.0 - smoothstep(start, end, y)) * beside;
            *value = (f32::from(*value) * keep + 0.5) as u8;
        }
    }
    Matte { width, height, alpha }
}

/// The mean first and last column of the animal in those rows; `None` where there is none of it.
fn shoulders(matte: &Matte, rows: Range<usize>) -> Option<(usize, usize)> {
    let rows = rows.start.min(matte.height)..rows.end.min(matte.height);
    let (mut from, mut to, mut count) = (0, 0, 0);
    for row in matte.alpha[rows.start * matte.width..rows.end * matte.width].chunks_exact(matte.width) {
        let solid = |&alpha: &u8| alpha >= 128;
        if let (Some(first), Some(last)) = (row.iter().position(solid), row.iter().rposition(solid)) {
            (from, to, count) = (from + first, to + last, count + 1);
        }
    }
    (count > 0).then(|| (from / count, to / count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::geometry::Region;

    fn whole(width: usize, height: usize, from: usize, to: usize) -> Matte {
        let row: Vec<u8> = (0..width).map(|x| if (from..to).contains(&x) { 255 } else { 0 }).collect();
        Matte { width, height, alpha: row.repeat(height) }
    }

    #[test]
    fn the_head_stays_whole_and_the_bottom_edge_is_clear() {
        let frame = Region::new(0.0, 0.0, 400.0, 500.0);
        let head = Region::new(80.0, 45.0, 240.0, 300.0);
        let framing = Framing { frame, visible: frame, head };
        let faded = fade(&whole(400, 500, 0, 400), &framing);
        let at = |x: usize, y: usize| faded.alpha[y * 400 + x];
        for y in 45..345 {
            assert!((80..320).all(|x| at(x, y) >= 254), "the head is whole in row {y}");
        }
        assert!((0..400).all(|x| at(x, 499) <= 1), "nothing meets the bottom edge");
        assert!((0..500).all(|y| at(0, y) <= 8 && at(399, y) <= 8), "nothing meets the sides");
        assert!((346..499).all(|y| at(200, y) <= at(200, y - 1)), "the fade falls steadily");
    }

    #[test]
    fn a_head_that_nearly_fills_the_frame_is_whole_down_to_the_chin() {
        let frame = Region::new(0.0, 0.0, 400.0, 500.0);
        // The widest head that is framed, with looking room.
        let head = Region::new(8.0, 45.0, 344.0, 300.0);
        let faded = fade(&whole(400, 500, 0, 400), &Framing { frame, visible: frame, head });
        for y in 45..344 {
            for x in [9, 20, 200, 350] {
                assert!(faded.alpha[y * 400 + x] >= 250, "{} at {x}, {y}", faded.alpha[y * 400 + x]);
            }
        }
    }

    #[test]
    fn it_is_no_straight_band_and_follows_the_shoulders() {
        let frame = Region::new(0.0, 0.0, 400.0, 500.0);
        let head = Region::new(130.0, 45.0, 140.0, 300.0);
        let framing = Framing { frame, visible: frame, head };
        let half = |faded: &Matte, x: usize| (0..500).find(|y| faded.alpha[y * 400 + x] < 128).unwrap_or(500);
        // The left shoulder reaches the frame's edge, the right one ends beside the head.
        let faded = fade(&whole(400, 500, 40, 300), &framing);
        assert!(half(&faded, 90) + 20 < half(&faded, 200), "it rises towards the left");
        assert!(half(&faded, 290) + 20 < half(&faded, 240), "it rises towards the right");
        let mirrored = |x: usize| 399 - x;
        assert!(half(&faded, mirrored(290)) > half(&faded, 290), "each side in its own place");
    }

    #[test]
    fn a_photo_that_ends_at_the_chin_is_faded_there_and_hardly_touches_the_head() {
        let frame = Region::new(0.0, 0.0, 400.0, 500.0);
        let head = Region::new(80.0, 45.0, 240.0, 300.0);
        let visible = Region::new(0.0, 0.0, 400.0, 350.0);
        let faded = fade(&whole(400, 350, 0, 400), &Framing { frame, visible, head });
        let at = |x: usize, y: usize| faded.alpha[y * 400 + x];
        assert!((45..330).all(|y| at(200, y) >= 254) && at(200, 349) <= 4);
    }
}
