//! Where the network doubts, the colours of the whole crop have a vote: what plainly is the room's is taken out.

use crate::base::plane::{Plane, smoothstep};

/// Bins per channel of the histograms.
const BINS: usize = 16;
/// Samples are sure where the mean of the coarse matte over this many of its samples to each side is nearly 1 or 0.
const REACH: f32 = 3.0;
/// How near.
const SURE: f32 = 0.995;
/// A histogram of fewer samples says nothing.
const LEAST: f32 = 100.0;
/// A share of all samples that is as good as none: what neither side shows has no vote.
const RARE: f32 = 3e-5;
/// No single sample says more than this, as a logarithm of odds.
const LOUDEST: f32 = 4.0;
/// The vote is taken over this many samples of the coarse matte to each side: a hair is no lump.
const TOGETHER: f32 = 2.0;
/// Mean logarithms of odds from which something is taken out, and at which all is.
const ROOM: (f32, f32) = (-1.2, -2.5);
/// Where the mean of the coarse matte lies between these doubt begins, from the inside out.
const DOUBT: (f32, f32) = (0.999, 0.97);

/// `coarse` (0..1) less what the colours (0..1, sRGB) of the crop speak against; nothing is ever added.
///
/// Histograms of what is surely the animal and surely the room say of every sample how much likelier its colour is here than
/// there, as in Boykov and Jolly ("Interactive Graph Cuts", ICCV 2001). A leaf on the head, a cushion at the cheek that the network has
/// half kept, go by their colours; a coat like the room has no vote either way.
pub fn vote(guide: &[Plane; 3], coarse: &Plane, coarse_sample: f32) -> Plane {
    let samples = |reach: f32| ((coarse_sample * reach).round() as usize).max(2);
    let around = coarse.box_mean(samples(REACH));
    let bins = bins_of(guide);
    let animal = histogram(&bins, &around, |a| a > SURE);
    let room = histogram(&bins, &around, |a| a < 1.0 - SURE);
    let (Some(animal), Some(room)) = (animal, room) else { return coarse.clone() };
    let odds: Vec<f32> = animal
        .iter()
        .zip(&room)
        .map(|(animal, room)| ((animal + RARE) / (room + RARE)).ln().clamp(-LOUDEST, LOUDEST))
        .collect();
    let said = bins.iter().map(|&bin| odds[usize::from(bin)]).collect();
    let said = Plane::new(coarse.width(), coarse.height(), said);
    let said = said.box_mean(samples(TOGETHER)).map(|odds| smoothstep(ROOM.0, ROOM.1, odds));
    let against = said.zip(&around, |said, around| said * smoothstep(DOUBT.0, DOUBT.1, around));
    coarse.zip(&against, |coarse, against| coarse * (1.0 - against))
}

/// Shares of the samples that `belong`, by colour, smoothed to the neighbouring bins; `None` where there are too few.
fn histogram(bins: &[u16], around: &Plane, belong: impl Fn(f32) -> bool) -> Option<Vec<f32>> {
    let mut shares = vec![0.0f32; BINS * BINS * BINS];
    let mut total = 0.0;
    for (&bin, _) in bins.iter().zip(around.data()).filter(|(_, around)| belong(**around)) {
        shares[usize::from(bin)] += 1.0;
        total += 1.0;
    }
    if total < LEAST {
        return None;
    }
    for step in [1, BINS, BINS * BINS] {
        let before = shares.clone();
        for (i, share) in shares.iter_mut().enumerate() {
            let at = i / step % BINS;
            let below = if at > 0 { i - step } else { i };
            let above = if at + 1 < BINS { i + step } else { i };
            *share = (before[below] + 2.0 * before[i] + before[above]) / 4.0;
        }
    }
    Some(shares.into_iter().map(|share| share / total).collect())
}

/// The bin of each sample's colour.
fn bins_of(guide: &[Plane; 3]) -> Vec<u16> {
    let bin = |v: f32| ((v * BINS as f32) as usize).min(BINS - 1);
    let [r, g, b] = guide;
    let colours = r.data().iter().zip(g.data()).zip(b.data());
    colours.map(|((&r, &g), &b)| ((bin(r) * BINS + bin(g)) * BINS + bin(b)) as u16).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RED: [f32; 3] = [0.8, 0.2, 0.1];
    const GREEN: [f32; 3] = [0.2, 0.7, 0.2];

    fn painted(colour: impl Fn(usize, usize) -> [f32; 3]) -> [Plane; 3] {
        [0, 1, 2].map(|channel| Plane::from_fn(120, 120, |x, y| colour(x, y)[channel]))
    }

    /// An animal in the middle, and at its right side a lump that is half kept.
    fn kept(x: usize, y: usize) -> f32 {
        match (x, y) {
            (30..80, 30..90) => 1.0,
            (80..100, 50..70) => 0.7,
            _ => 0.0,
        }
    }

    #[test]
    fn a_lump_of_the_room_s_colour_goes_and_one_of_the_animal_s_stays() {
        let coarse = Plane::from_fn(120, 120, kept);
        let room = painted(|x, y| if x < 80 && kept(x, y) > 0.0 { RED } else { GREEN });
        assert!(vote(&room, &coarse, 1.0).at(92, 60) < 0.05);
        let own = painted(|x, y| if kept(x, y) > 0.0 { RED } else { GREEN });
        assert_eq!(vote(&own, &coarse, 1.0).at(92, 60), 0.7);
    }

    #[test]
    fn a_colour_that_is_nowhere_else_has_no_vote() {
        let coarse = Plane::from_fn(120, 120, kept);
        let scarf = |x, y| {
            if kept(x, y) == 1.0 {
                RED
            } else if kept(x, y) > 0.0 {
                [0.1, 0.1, 0.9]
            } else {
                GREEN
            }
        };
        assert_eq!(vote(&painted(scarf), &coarse, 1.0).at(92, 60), 0.7);
    }

    proptest! {
        #[test]
        fn nothing_is_added_and_nothing_is_no_number(
            (width, height) in (1usize..60, 1usize..60), sample in 0.1f32..9.0, seed in 0usize..1000,
        ) {
            let plane = |k: usize| Plane::from_fn(width, height, |x, y| ((x / 5 * 7 + y / 7 * 3 + seed * k) % 11) as f32 / 10.0);
            let coarse = plane(4);
            let voted = vote(&[plane(1), plane(2), plane(3)], &coarse, sample);
            for (voted, coarse) in voted.data().iter().zip(coarse.data()) {
                prop_assert!(*voted >= 0.0 && voted <= coarse, "{} of {}", voted, coarse);
            }
        }
    }
}
