//! Cleaning a coarse matte: one animal, no specks, no holes.

use crate::base::plane::{Plane, smoothstep};

/// The network's haze below the first and above the second value is what it is unsure of, not fur:
/// the matte is stretched between them. Measured on the prototype, whose bodies sit at 0.9 and whose rooms at 0.1.
const HAZE: (f32, f32) = (0.15, 0.85);
/// What is less solid than this is a hole, where it is surrounded by the head.
const CLOSED: f32 = 0.9;
/// A pixel belongs to something solid from here on.
const SOLID: f32 = 0.5;
/// Another part of this share of the animal's area is kept: a far paw behind a leash, the second half of a striped tail.
const SECOND_PART: f32 = 0.20;
/// A hole up to this share of the animal's area is a mistake; a larger one is the view between the legs.
const HOLE: f32 = 0.02;

/// The matte with haze removed, specks that are not attached to the animal dropped, and small holes closed.
///
/// `near` is a point that the animal surely covers (the centre of its head), in samples: of several animals the one
/// there is kept. Without it the largest is.
pub fn keep_the_animal(alpha: &Plane, near: Option<(usize, usize)>) -> Plane {
    let solid = label(alpha, |a| a >= SOLID);
    let near_label = near
        .filter(|&(x, y)| x < alpha.width() && y < alpha.height())
        .map(|(x, y)| solid.labels[y * alpha.width() + x])
        .filter(|&l| l != 0 && solid.area(l) * 4 >= solid.largest_area());
    let main = near_label.unwrap_or_else(|| solid.largest());
    if main == 0 {
        return Plane::filled(alpha.width(), alpha.height(), 0.0);
    }
    let enough = (solid.area(main) as f32 * SECOND_PART) as usize;
    let kept = Plane::from_fn(alpha.width(), alpha.height(), |x, y| {
        let l = solid.labels[y * alpha.width() + x];
        let keep = l == main || (l != 0 && near_label.is_none() && solid.area(l) >= enough);
        if keep { 1.0 } else { 0.0 }
    });
    // Soft fur reaches a little beyond the solid part it grows from.
    let reach = (alpha.width().max(alpha.height()) / 60).max(2);
    let near_kept = kept.box_mean(reach);
    let mut result = without_haze(alpha).zip(&near_kept, |a, k| if k > 0.0 { a } else { 0.0 });

    let empty = label(&result, |a| a < SOLID);
    let touches_border = empty.touching_border();
    let closed = (solid.area(main) as f32 * HOLE) as usize;
    for (value, &l) in result.data_mut().iter_mut().zip(&empty.labels) {
        if l != 0 && !touches_border[l as usize] && empty.area(l) <= closed {
            *value = 1.0;
        }
    }
    result
}

/// The matte with every hole closed of which all samples lie `within`.
///
/// In a head there is no view between the legs, but there may be a yawn as dark as the room.
pub fn without_holes(mut alpha: Plane, within: impl Fn(usize, usize) -> bool) -> Plane {
    let holes = label(&alpha, |a| a < CLOSED);
    let mut stays = holes.touching_border();
    for (i, &hole) in holes.labels.iter().enumerate() {
        stays[hole as usize] |= !within(i % alpha.width(), i / alpha.width());
    }
    for (value, &hole) in alpha.data_mut().iter_mut().zip(&holes.labels) {
        if hole != 0 && !stays[hole as usize] {
            *value = 1.0;
        }
    }
    alpha
}

/// The matte with haze removed, and every part of it kept.
pub fn without_haze(alpha: &Plane) -> Plane {
    alpha.map(|a| smoothstep(HAZE.0, HAZE.1, a))
}

/// Four-connected components of the samples for which `inside` holds; label 0 is the rest.
pub struct Components {
    width: usize,
    height: usize,
    /// The component of each sample.
    pub labels: Vec<u32>,
    areas: Vec<usize>,
}

impl Components {
    fn area(&self, label: u32) -> usize {
        self.areas[label as usize]
    }

    fn largest(&self) -> u32 {
        (1..self.areas.len()).max_by_key(|&l| self.areas[l]).unwrap_or(0) as u32
    }

    fn largest_area(&self) -> usize {
        self.areas.iter().skip(1).copied().max().unwrap_or(0)
    }

    /// For each label whether one of its samples is among those asked for; never for what lies outside of all.
    pub fn that_meet(&self, wanted: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut meet = vec![false; self.areas.len()];
        for (i, &label) in self.labels.iter().enumerate() {
            meet[label as usize] |= label != 0 && wanted(i);
        }
        meet
    }

    fn touching_border(&self) -> Vec<bool> {
        let mut touching = vec![false; self.areas.len()];
        let (w, h) = (self.width, self.height);
        let rows = (0..w).flat_map(|x| [x, (h - 1) * w + x]);
        let columns = (0..h).flat_map(|y| [y * w, y * w + w - 1]);
        for i in rows.chain(columns) {
            touching[self.labels[i] as usize] = true;
        }
        touching
    }
}

/// Finds them.
pub fn label(plane: &Plane, inside: impl Fn(f32) -> bool) -> Components {
    let (w, h) = plane.size();
    let mut labels = vec![0u32; w * h];
    let mut areas = vec![0usize];
    let mut stack = Vec::new();
    for start in 0..w * h {
        if labels[start] != 0 || !inside(plane.data()[start]) {
            continue;
        }
        let label = areas.len() as u32;
        areas.push(0);
        labels[start] = label;
        stack.push(start);
        while let Some(i) = stack.pop() {
            areas[label as usize] += 1;
            let (x, y) = (i % w, i / w);
            let neighbours = [
                (x > 0).then(|| i - 1),
                (x + 1 < w).then(|| i + 1),
                (y > 0).then(|| i - w),
                (y + 1 < h).then(|| i + w),
            ];
            for n in neighbours.into_iter().flatten() {
                if labels[n] == 0 && inside(plane.data()[n]) {
                    labels[n] = label;
                    stack.push(n);
                }
            }
        }
    }
    Components { width: w, height: h, labels, areas }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene() -> Plane {
        Plane::from_fn(100, 80, |x, y| {
            let animal = (20..60).contains(&x) && (20..70).contains(&y);
            let hole = (38..41).contains(&x) && (40..43).contains(&y);
            let speck = (90..94).contains(&x) && (5..9).contains(&y);
            if (animal && !hole) || speck { 0.95 } else { 0.1 }
        })
    }

    #[test]
    fn specks_go_holes_close_and_haze_lifts() {
        let clean = keep_the_animal(&scene(), None);
        assert_eq!(clean.at(92, 7), 0.0, "the speck is gone");
        assert_eq!(clean.at(39, 41), 1.0, "the hole is closed");
        assert_eq!(clean.at(30, 30), 1.0, "the body is solid");
        assert_eq!(clean.at(2, 2), 0.0, "the room is empty");
    }

    #[test]
    fn of_two_animals_the_one_with_the_head_is_kept() {
        let two = Plane::from_fn(100, 50, |x, y| {
            let left = (5..40).contains(&x) && (10..45).contains(&y);
            let right = (60..90).contains(&x) && (10..45).contains(&y);
            if left || right { 1.0 } else { 0.0 }
        });
        let kept = keep_the_animal(&two, Some((75, 20)));
        assert_eq!((kept.at(75, 20), kept.at(20, 20)), (1.0, 0.0));
    }

    #[test]
    fn a_hole_in_the_head_closes_however_large_and_one_that_leads_out_of_it_stays() {
        let ring = Plane::from_fn(60, 60, |x, y| {
            let hole = (20..40).contains(&x) && (20..35).contains(&y);
            if hole || x < 5 { 0.3 } else { 1.0 }
        });
        let closed = without_holes(ring.clone(), |x, y| (10..50).contains(&x) && (10..50).contains(&y));
        assert_eq!((closed.at(30, 30), closed.at(2, 30)), (1.0, 0.3));
        let smaller = without_holes(ring, |x, _| (10..30).contains(&x));
        assert_eq!(smaller.at(25, 30), 0.3);
    }

    #[test]
    fn an_empty_matte_stays_empty() {
        let nothing = Plane::filled(32, 32, 0.2);
        assert!(keep_the_animal(&nothing, Some((3, 3))).data().iter().all(|&a| a == 0.0));
    }
}
