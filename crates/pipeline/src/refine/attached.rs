//! What hangs together with the animal: fur does, a fleck of a busy room that happens to have the coat's colour does not.

use crate::matting::components;
use crate::plane::Plane;

/// A hair thinner than a sample shows no more than this in the mean of it and its neighbours.
const FAINT: f32 = 0.012;
/// The body is where the coarse matte's mean around a sample is above this.
const BODY: f32 = 0.5;

/// 1 where `fitted`, alpha at the resolution of the fit, leads over to the body without a gap of more than a sample, else 0.
/// `outline` is the coarse matte's local mean.
pub fn attached(fitted: &Plane, outline: &Plane) -> Plane {
    let parts = components::label(&fitted.box_mean(1), |a| a >= FAINT);
    let with_body = parts.that_meet(|i| outline.data[i] >= BODY);
    let data = parts.labels.iter().map(|&l| if with_body[l as usize] { 1.0 } else { 0.0 }).collect();
    Plane { width: fitted.width, height: fitted.height, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hair_stays_and_a_fleck_beside_it_goes() {
        let body = |x: usize| if x < 10 { 1.0 } else { 0.0 };
        let fitted = Plane::from_fn(40, 20, |x, y| {
            let hair = (10..25).contains(&x) && y == 5;
            let fleck = (20..30).contains(&x) && (12..16).contains(&y);
            if hair || fleck { 0.4 } else { body(x) }
        });
        let kept = attached(&fitted, &Plane::from_fn(40, 20, |x, _| body(x)));
        assert_eq!([kept.at(5, 10), kept.at(24, 5), kept.at(25, 14), kept.at(35, 10)], [1.0, 1.0, 0.0, 0.0]);
    }
}
