//! The house look: black and white that suits the coat, whatever stood behind the animal.
//!
//! The mix is made in linear light; everything after it works on lightness L* (CIE 1976) scaled to 0..1, where equal
//! steps look equal. Statistics are weighted by alpha, so that another background leaves the animal's grey alone.

mod curve;
mod local_contrast;
mod tone;

use crate::plane::{Plane, RowSampler};
use crate::refine::{Crop, Matte, colour_planes};
use curve::Curve;
use local_contrast::LocalContrast;
use tone::{ToneTables, percentile};

/// Weights of linear red, green and blue; they sum to 1. More red than the eye's own weights: warm coats gain tooth
/// and skin and tongue stay light, as with a yellow filter on panchromatic film.
const MIX: [f32; 3] = [0.34, 0.54, 0.12];
/// Long side of the low resolution for statistics and local means, in samples.
const ANALYSIS_LONG_SIDE: usize = 600;

/// A graded portrait: pairs of 8-bit sRGB grey and alpha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portrait {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `width × height × 2` samples: grey, alpha. Not premultiplied; grey is 0 where alpha is 0.
    pub grey_alpha: Vec<u8>,
}

/// Grades decontaminated colours (sRGB) to grey. `head_height` is the head's height as a share of the crop's height: the scale of local
/// contrast follows it, so that the look is the same whatever the resolution.
pub fn grade(crop: &Crop, matte: &Matte, head_height: f64) -> Portrait {
    let (width, height) = (crop.width, crop.height);
    let tables = ToneTables::new(MIX);
    let long = width.max(height);
    let scale = ANALYSIS_LONG_SIDE.min(long) as f32 / long as f32;
    let side = |s: usize| ((s as f32 * scale).round() as usize).max(1);
    let (small_width, small_height) = (side(width), side(height));
    let [r, g, b] = colour_planes(crop, small_width, small_height);
    let alpha = matte.plane(small_width, small_height);
    let lightness = Plane::from_fn(small_width, small_height, |x, y| {
        tables.lightness([r.at(x, y), g.at(x, y), b.at(x, y)].map(|v| (v * 255.0 + 0.5) as u8))
    });

    let [low, middle, high] = [0.05, 0.5, 0.97].map(|share| percentile(&lightness, &alpha, share));
    let curve = Curve::for_coat(low, middle, high);
    let head = head_height as f32 * small_height as f32;
    let local = LocalContrast::analyse(&lightness, &alpha, head);

    let mut sampler = RowSampler::new(vec![&local.slope, &local.offset], width, height);
    let finish = tables.finish(&curve);
    let mut grey_alpha = vec![0u8; width * height * 2];
    for (y, out) in grey_alpha.chunks_exact_mut(width * 2).enumerate() {
        sampler.seek(y);
        let pixels = crop.rgb[y * width * 3..(y + 1) * width * 3].chunks_exact(3);
        let alphas = &matte.alpha[y * width..(y + 1) * width];
        for (x, ((pair, rgb), &alpha)) in out.chunks_exact_mut(2).zip(pixels).zip(alphas).enumerate() {
            if alpha == 0 {
                continue;
            }
            let lightness = tables.lightness([rgb[0], rgb[1], rgb[2]]);
            let base = sampler.get(0, x) * lightness + sampler.get(1, x);
            pair[0] = finish.grey(LocalContrast::apply(lightness, base));
            pair[1] = alpha;
        }
    }
    Portrait { width, height, grey_alpha }
}
