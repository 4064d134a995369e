//! The promises of the look, on an animal that is nothing but a soft-edged disc of fur.

use headshot_core::Look;

use super::*;
use crate::crop::{Crop, Matte};
use crate::foreground::foreground;

const HEAD: HeadSpan = HeadSpan { top: 0.15, height: 0.7 };

/// A disc of fur whose sRGB values lie around `coat`, before a room of one colour.
fn photo(side: usize, coat: [f32; 3], room: [f32; 3]) -> (Crop, Matte) {
    let (mut rgb, mut alpha) = (Vec::new(), Vec::new());
    let unit = 300.0 / side as f32;
    for y in 0..side {
        for x in 0..side {
            let (u, v) = ((x as f32 + 0.5) * unit, (y as f32 + 0.5) * unit);
            let distance = ((u - 150.0).powi(2) + (v - 150.0).powi(2)).sqrt();
            let a = ((110.0 - distance) / 8.0 + 0.5).clamp(0.0, 1.0);
            // Locks, and light from the upper left.
            let fur = 1.0 + 0.25 * (u * 0.35 + (v * 0.12).sin() * 2.0).sin() - (u + v - 300.0) / 900.0;
            alpha.push((a * 255.0 + 0.5) as u8);
            rgb.extend((0..3).map(|c| {
                let animal = (coat[c] * fur).clamp(0.0, 1.0);
                ((a * animal + (1.0 - a) * room[c]) * 255.0 + 0.5) as u8
            }));
        }
    }
    (Crop { width: side, height: side, rgb }, Matte { width: side, height: side, alpha })
}

fn graded(side: usize, coat: [f32; 3], room: [f32; 3], look: Look) -> Portrait {
    let (crop, matte) = photo(side, coat, room);
    grade(&foreground(crop, &matte), &matte, HEAD, look, false)
}

/// Lightness L* in 0..100 below which that share of the solid animal lies.
fn lightness_at(portrait: &Portrait, share: f64) -> f32 {
    let solid = |pair: &&[u8]| pair[1] == 255;
    let mut greys: Vec<u8> = portrait.grey_alpha.chunks_exact(2).filter(solid).map(|pair| pair[0]).collect();
    greys.sort_unstable();
    let grey = greys[((greys.len() - 1) as f64 * share) as usize];
    100.0 * ToneTables::new(MIX).lightness([grey; 3])
}

#[test]
fn another_room_leaves_every_grey_within_one_level() {
    let coat = [0.55, 0.42, 0.3];
    let [before_green, before_white, before_black] =
        [[0.1, 0.8, 0.2], [1.0; 3], [0.0; 3]].map(|room| graded(300, coat, room, Look::House));
    let (_, matte) = photo(300, coat, [0.0; 3]);
    // Where the matte is whole for some way around: the edge itself is the foreground's business.
    let inner = matte.plane(300, 300).box_mean(6);
    for (i, &inner) in inner.data().iter().enumerate().filter(|&(_, &a)| a >= 0.9999) {
        let [a, b, c] = [&before_green, &before_white, &before_black].map(|p| p.grey_alpha[i * 2]);
        assert!(a.abs_diff(b) <= 1 && b.abs_diff(c) <= 1, "{a}, {b}, {c} at {i} ({inner})");
    }
}

#[test]
fn a_black_coat_is_deep_with_detail_and_a_white_one_bright_without_burning_out() {
    let black = graded(300, [0.13, 0.12, 0.12], [0.6; 3], Look::House);
    let shadows = lightness_at(&black, 0.10);
    assert!((12.0..=20.0).contains(&shadows), "black fur's shadows are at {shadows}");
    assert!(lightness_at(&black, 0.9) - shadows > 8.0, "there is detail in them");
    let white = graded(300, [0.70, 0.69, 0.66], [0.2; 3], Look::House);
    let highlights = lightness_at(&white, 0.95);
    assert!((88.0..=95.0).contains(&highlights), "white fur's highlights are at {highlights}");
    for portrait in [&black, &white] {
        assert!(lightness_at(portrait, 0.005) > 0.5 && lightness_at(portrait, 0.995) < 99.5, "nothing clips");
    }
}

#[test]
fn the_look_is_the_same_whatever_the_resolution() {
    let [small, large] = [300, 900].map(|side| graded(side, [0.5, 0.4, 0.3], [0.3, 0.5, 0.7], Look::House));
    let mut apart = (0.0, 0usize);
    for y in 60..240 {
        for x in 60..240 {
            let grey: u32 = (0..9)
                .map(|k| u32::from(large.grey_alpha[((y * 3 + k / 3) * 900 + x * 3 + k % 3) * 2]))
                .sum();
            let reduced = grey as f32 / 9.0;
            apart = (apart.0 + (reduced - f32::from(small.grey_alpha[(y * 300 + x) * 2])).abs(), apart.1 + 1);
        }
    }
    let mean = apart.0 / apart.1 as f32;
    assert!(mean < 2.0, "{mean} levels apart");
}

#[test]
fn the_same_photo_gives_the_same_bytes_and_the_three_looks_differ() {
    let coat = [0.5, 0.4, 0.3];
    let [house, soft, dramatic] = Look::ALL.map(|look| graded(300, coat, [0.3; 3], look));
    assert_eq!(house, graded(300, coat, [0.3; 3], Look::House));
    let contrast = |p: &Portrait| lightness_at(p, 0.95) - lightness_at(p, 0.05);
    assert!(contrast(&soft) + 3.0 < contrast(&house) && contrast(&house) + 3.0 < contrast(&dramatic));
}

#[test]
fn grain_is_there_when_asked_for_and_again_the_same() {
    let (crop, matte) = photo(300, [0.5, 0.4, 0.3], [0.3; 3]);
    let crop = foreground(crop, &matte);
    let [plain, grained, again] =
        [false, true, true].map(|grain| grade(&crop, &matte, HEAD, Look::House, grain));
    assert_eq!(grained, again);
    assert_ne!(plain, grained);
}
