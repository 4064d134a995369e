//! The neck fades into the paper, and so does what the photo cuts off.

use crate::framing::Framing;
use crate::plane::smoothstep;
use crate::refine::Matte;

/// The neck fade starts this share of the head's height below the chin under the head, …
const START_BELOW_CHIN: f32 = 0.06;
/// … and this much higher over the shoulders, so that the bust closes like an oval.
const SHOULDER_RISE: f32 = 0.22;
/// Over the shoulders it ends earlier by this share of its length.
const SHOULDER_END: f32 = 0.30;
/// Width of the fade where the frame or the photo cuts the body at the side, as a share of the frame's width.
const SIDE: f32 = 0.10;
/// Width of the same fade beside the head, which must stay whole.
const SIDE_AT_HEAD: f32 = 0.015;

/// The matte of the visible part of the frame, faded below the chin and at the sides. Head alpha is unchanged.
pub fn fade(matte: &Matte, framing: &Framing) -> Matte {
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
    let half_frame = (frame.width / unit) as f32 / 2.0;
    let bottom = along((frame.y + frame.height).min(visible.y + visible.height), visible.y);
    let start = (chin + START_BELOW_CHIN * head_height).min(bottom - 0.08);

    let mut columns: Vec<(f32, f32, f32)> = Vec::with_capacity(width);
    for x in 0..width {
        let x = (x as f32 + 0.5) * scale;
        let outside =
            ((x - centre).abs() - 0.5 * half_head).max(0.0) / (half_frame - 0.5 * half_head).max(1e-3);
        let rise = smoothstep(0.0, 1.0, outside);
        let column_start = start - rise * SHOULDER_RISE * head_height;
        let column_end = bottom - rise * SHOULDER_END * (bottom - start);
        let side = (x - left).min(right - x).max(0.0);
        columns.push((column_start, column_end.max(column_start + 0.04), side));
    }

    let frame_width = (frame.width / unit) as f32;
    let mut alpha = matte.alpha.clone();
    for (y, row) in alpha.chunks_exact_mut(width).enumerate() {
        let y = (y as f32 + 0.5) * scale;
        // Beside the head the side fade is narrow; it opens towards the shoulders.
        let below = smoothstep(chin - 0.5 * head_height, chin + 0.1 * head_height, y);
        let side_width = frame_width * (SIDE_AT_HEAD + below * (SIDE - SIDE_AT_HEAD));
        for (value, &(start, end, side)) in row.iter_mut().zip(&columns) {
            if *value == 0 {
                continue;
            }
            let keep = (1.0 - smoothstep(start, end, y)) * smoothstep(0.0, side_width, side);
            *value = (f32::from(*value) * keep + 0.5) as u8;
        }
    }
    Matte { width, height, alpha }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::Region;

    #[test]
    fn the_head_stays_whole_and_the_bottom_edge_is_clear() {
        let frame = Region { x: 0.0, y: 0.0, width: 400.0, height: 500.0 };
        let head = Region { x: 80.0, y: 45.0, width: 240.0, height: 300.0 };
        let framing = Framing { frame, visible: frame, head };
        let matte = Matte { width: 400, height: 500, alpha: vec![255; 400 * 500] };
        let faded = fade(&matte, &framing);
        let at = |x: usize, y: usize| faded.alpha[y * 400 + x];
        for y in (45..340).step_by(5) {
            assert!(at(200, y) >= 254, "the face is whole at {y}: {}", at(200, y));
        }
        assert!((0..400).all(|x| at(x, 499) <= 1), "nothing meets the bottom edge");
        assert!((0..500).all(|y| at(0, y) <= 8 && at(399, y) <= 8), "nothing meets the sides");
        assert!((346..499).all(|y| at(200, y) <= at(200, y - 1)), "the fade falls steadily");
    }
}
