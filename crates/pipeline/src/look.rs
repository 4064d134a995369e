//! The house look: black and white that suits the coat, whatever stood behind the animal.
//!
//! The mix is made in linear light; everything after it works on lightness L* (CIE 1976) scaled to 0..1, where equal
//! steps look equal. Statistics are weighted by alpha, so that another background leaves the animal's grey alone.

mod catch_light;
mod curve;
mod grain;
mod local_contrast;
mod parameters;
mod tone;

use headshot_core::Look;

use crate::base::colour::ToneTables;
use crate::base::geometry::HeadSpan;
use crate::base::plane::{Plane, RowSampler};
use crate::crop::{Crop, Matte, colour_planes};
use catch_light::{catch_lights, raised};
use curve::Curve;
use grain::Grain;
use local_contrast::LocalContrast;
use parameters::LookParameters;
use tone::Finish;

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

/// Grades decontaminated colours (sRGB) to grey. The scale of local contrast follows the head, so that the look is the same
/// whatever the resolution.
pub fn grade(crop: &Crop, matte: &Matte, head: HeadSpan, look: Look, grain: bool) -> Portrait {
    let (width, height) = (crop.width, crop.height);
    let parameters = LookParameters::of(look);
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

    let [low, middle, high] = [0.10, 0.5, 0.95].map(|share| lightness.percentile(&alpha, share));
    let curve = Curve::for_coat(&parameters, low, middle, high);
    let [top, head_height] = [head.top, head.height].map(|share| share as f32 * small_height as f32);
    let local = LocalContrast::analyse(&lightness, &alpha, head_height, parameters.relief);
    let glints = catch_lights(&lightness, &alpha, (top, head_height));
    let grain = grain.then(|| Grain::seeded_by(&lightness, height));

    let mut sampler = RowSampler::new(vec![&local.slope, &local.offset, &glints], width, height);
    let finish = Finish::of(&curve);
    let mut grey_alpha = vec![0u8; width * height * 2];
    for (y, out) in grey_alpha.chunks_exact_mut(width * 2).enumerate() {
        sampler.seek(y);
        let glints_here = sampler.any(2, |glint| glint > 0.0);
        let pixels = crop.rgb[y * width * 3..(y + 1) * width * 3].chunks_exact(3);
        let alphas = &matte.alpha[y * width..(y + 1) * width];
        for (x, ((pair, rgb), &alpha)) in out.chunks_exact_mut(2).zip(pixels).zip(alphas).enumerate() {
            if alpha == 0 {
                continue;
            }
            let lightness = tables.lightness([rgb[0], rgb[1], rgb[2]]);
            let mut tone = LocalContrast::apply(lightness, sampler.get(0, x), sampler.get(1, x));
            if glints_here {
                tone = raised(tone, parameters.catch_light_stops * sampler.get(2, x));
            }
            if let Some(grain) = &grain {
                tone = grain.on(tone, x, y);
            }
            pair[0] = finish.grey(tone);
            pair[1] = alpha;
        }
    }
    Portrait { width, height, grey_alpha }
}

#[cfg(test)]
mod tests;
