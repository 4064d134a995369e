//! What hangs together with the animal: fur does, a fleck of a busy room that has the coat's colour does not.

use crate::base::plane::Plane;
use crate::matting::components;

/// What of a sample's brightest pixel, spread over it and its neighbours, counts as hair.
const FAINT: f32 = 0.012;
/// The body is where the coarse matte's mean around a sample is above this.
const BODY: f32 = 0.5;

/// Clears the pixels of `alpha` that lead to the body only over a gap of more than two samples.
///
/// `alpha` has rows of `width` pixels. `outline` is the coarse matte's local mean over the same crop, at the
/// resolution of the fit; its samples are meant. A sample counts by its brightest pixel: a whisker is thinner
/// than a sample, and its mean shows nothing.
pub fn keep_attached(alpha: &mut [u8], width: usize, outline: &Plane) {
    let (columns, rows) = outline.size();
    let height = alpha.len() / width;
    let first_pixel = |column: usize| (column * width).div_ceil(columns);
    let pixels: Vec<_> = (0..columns).map(|column| first_pixel(column)..first_pixel(column + 1)).collect();
    let mut brightest = Plane::filled(columns, rows, 0.0);
    for (y, row) in alpha.chunks_exact(width).enumerate() {
        let samples = &mut brightest.data_mut()[y * rows / height * columns..][..columns];
        for (sample, pixels) in samples.iter_mut().zip(&pixels) {
            let most = row[pixels.clone()].iter().copied().max().unwrap_or(0);
            *sample = sample.max(f32::from(most) / 255.0);
        }
    }
    let parts = components::label(&brightest.box_mean(1), |a| a >= FAINT);
    let with_body = parts.that_meet(|i| outline.data()[i] >= BODY);
    let goes = |sample: usize| brightest.data()[sample] > 0.0 && !with_body[parts.labels[sample] as usize];
    for (y, row) in alpha.chunks_exact_mut(width).enumerate() {
        let first = y * rows / height * columns;
        let gone = pixels.iter().enumerate().filter(|(column, _)| goes(first + column));
        gone.for_each(|(_, pixels)| row[pixels.clone()].fill(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whisker_stays_and_a_fleck_beside_it_goes() {
        // Four pixels are a sample.
        let body = |x: usize| x < 40;
        let pixel = |x: usize, y: usize| match (x, y) {
            (0..40, _) => 255,
            (40..100, 21) => 90,
            (80..120, 48..64) => 102,
            _ => 0,
        };
        let mut alpha: Vec<u8> = (0..160 * 80).map(|i| pixel(i % 160, i / 160)).collect();
        keep_attached(&mut alpha, 160, &Plane::from_fn(40, 20, |x, _| if body(x * 4) { 1.0 } else { 0.0 }));
        let at = |x: usize, y: usize| alpha[y * 160 + x];
        assert_eq!([at(20, 40), at(96, 21), at(100, 56), at(150, 40)], [255, 90, 0, 0]);
    }
}
