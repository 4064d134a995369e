//! A small animal is hard to tell from a thing: where the network doubts, it is shown the animal alone.

use std::ops::Range;

use super::coarse_matte::CoarseMatte;
use super::components::keep_the_animal;
use crate::base::geometry::Region;

/// A probability of a pet in between says little.
const DOUBTFUL: Range<f32> = 0.15..0.6;
/// The animal is shown with so much around it, as a share of its longer side.
const AROUND: f64 = 0.25;
/// Beyond this share of the photo a closer look would show the same again.
const CLOSER: f64 = 0.8;
/// How much that look counts beside the two others.
const SHARE: f32 = 0.4;

/// The part of the photo to look at once more, where that may settle a doubt.
pub fn wanted(seen: &CoarseMatte) -> Option<Region> {
    seen.pet.filter(|pet| DOUBTFUL.contains(pet))?;
    let animal = keep_the_animal(&seen.alpha, None);
    let bounds = animal.bounds(|a| a > 0.5)?;
    let margin = AROUND * (bounds.x1 - bounds.x0).max(bounds.y1 - bounds.y0) as f64;
    let (width, height) = (animal.width() as f64, animal.height() as f64);
    let (x0, y0) = ((bounds.x0 as f64 - margin).max(0.0), (bounds.y0 as f64 - margin).max(0.0));
    let (x1, y1) = ((bounds.x1 as f64 + margin).min(width), (bounds.y1 as f64 + margin).min(height));
    let (sx, sy) = (seen.region.width / width, seen.region.height / height);
    let closer = (x1 - x0) * (y1 - y0) <= CLOSER * width * height;
    let (x, y) = (seen.region.x + x0 * sx, seen.region.y + y0 * sy);
    let region = Region::new(x, y, (x1 - x0) * sx, (y1 - y0) * sy);
    closer.then_some(region)
}

/// The probability of a pet with the closer look's taken in.
pub fn verdict(pet: f32, closer: f32) -> f32 {
    pet + SHARE * (closer - pet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::plane::Plane;

    fn seen(animal: impl Fn(usize, usize) -> bool) -> CoarseMatte {
        let alpha = Plane::from_fn(100, 80, |x, y| if animal(x, y) { 1.0 } else { 0.0 });
        let region = Region::new(10.0, 20.0, 400.0, 320.0);
        CoarseMatte { alpha, region, head: None, pet: Some(0.4) }
    }

    #[test]
    fn a_small_animal_is_looked_at_with_a_little_around_it() {
        let close = wanted(&seen(|x, y| (40..60).contains(&x) && (70..80).contains(&y)));
        // Five samples on each side, four pixels a sample; the photo ends below.
        assert_eq!(close, Some(Region::new(150.0, 280.0, 120.0, 60.0)));
    }

    #[test]
    fn where_a_closer_look_would_show_the_same_there_is_none() {
        assert_eq!(wanted(&seen(|x, y| (10..90).contains(&x) && (10..70).contains(&y))), None);
        assert_eq!(wanted(&seen(|_, _| false)), None);
    }

    #[test]
    fn only_who_doubts_looks_again() {
        for sure in [Some(0.1), Some(0.7), None] {
            let small = seen(|x, y| (40..60).contains(&x) && (70..80).contains(&y));
            assert_eq!(wanted(&CoarseMatte { pet: sure, ..small }), None, "{sure:?}");
        }
    }
}
