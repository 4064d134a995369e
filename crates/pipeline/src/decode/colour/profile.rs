//! ICC profiles: given by the file, or made from numbers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use moxcms::{
    Chromaticity, ColorPrimaries, ColorProfile, DataColorSpace, Layout, RenderingIntent, ToneReprCurve,
    Transform8BitExecutor, TransformOptions,
};

use crate::decode::encoding::{Chromaticities, Curve};
use crate::decode::raster::narrow;

/// A transform of 8-bit samples to sRGB.
pub(super) struct ToSrgb(Arc<Transform8BitExecutor>);

impl ToSrgb {
    /// From samples laid out as `layout`, CMYK as [`Layout::Rgba`]. `None` when the profile is broken.
    pub(super) fn new(profile: &ColorProfile, layout: Layout) -> Option<Self> {
        by_intent(|options| {
            profile.create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, options).ok()
        })
        .map(Self)
    }

    /// Whether it leaves a grid over all colours as it was, but for rounding. Most photos say "sRGB", each with a
    /// profile of its own; they need no work.
    pub(super) fn is_identity(&self) -> bool {
        let steps = || (0..=255_u8).step_by(17);
        let grid: Vec<u8> =
            steps().flat_map(|r| steps().flat_map(move |g| steps().flat_map(move |b| [r, g, b]))).collect();
        let mut converted = vec![0; grid.len()];
        self.0.transform(&grid, &mut converted).is_ok()
            && grid.iter().zip(&converted).all(|(before, after)| before.abs_diff(*after) <= 1)
    }

    pub(super) fn convert_in_place(&self, rgb: &mut [u8]) {
        let mut source = vec![0; BAND * 3];
        for band in rgb.chunks_mut(BAND * 3) {
            let source = &mut source[..band.len()];
            source.copy_from_slice(band);
            if self.0.transform(source, band).is_err() {
                band.copy_from_slice(source);
            }
        }
    }

    pub(super) fn cmyk(&self, cmyk: &[u8]) -> Vec<u8> {
        let mut rgb = vec![0; cmyk.len() / 4 * 3];
        for (source, target) in cmyk.chunks(BAND * 4).zip(rgb.chunks_mut(BAND * 3)) {
            if self.0.transform(source, target).is_err() {
                target.copy_from_slice(&plain_cmyk(source));
            }
        }
        rgb
    }
}

/// Pixels that are converted at a time: 96 KB of R, G, B, which stay in the second-level cache.
const BAND: usize = 32 * 1024;

/// From 16-bit R, G, B to 8-bit sRGB. A profile that is broken after all is ignored.
pub(super) fn deep_rgb(profile: &ColorProfile, rgb: &[u16]) -> Vec<u8> {
    let transform = by_intent(|options| {
        profile.create_transform_16bit(Layout::Rgb, &ColorProfile::new_srgb(), Layout::Rgb, options).ok()
    });
    let mut converted = vec![0; BAND * 3];
    let mut srgb = Vec::with_capacity(rgb.len());
    for band in rgb.chunks(BAND * 3) {
        let converted = &mut converted[..band.len()];
        let done = transform.as_ref().is_some_and(|transform| transform.transform(band, converted).is_ok());
        srgb.extend(if done { &*converted } else { band }.iter().map(|value| narrow(*value)));
    }
    srgb
}

/// The sRGB colour of each of `levels` greys. A grey picture may carry a profile for colours; then its greys are those.
pub(super) fn grey_table(profile: &ColorProfile, levels: usize) -> Option<Vec<[u8; 3]>> {
    let inputs = || (0..levels).map(move |level| (level * 65_535 / (levels - 1)) as u16);
    if profile.color_space == DataColorSpace::Gray && profile.pcs == DataColorSpace::Lab {
        // moxcms converts only greys that lead to XYZ. Here the curve leads to lightness.
        let curve = profile.gray_trc.as_ref()?.make_linear_evaluator().ok()?;
        let grey = |input| srgb_curve(luminance(curve.evaluate_value(f32::from(input) / 65_535.0)));
        return Some(inputs().map(|input| [grey(input); 3]).collect());
    }
    let (layout, channels) =
        if profile.color_space == DataColorSpace::Gray { (Layout::Gray, 1) } else { (Layout::Rgb, 3) };
    let transform = by_intent(|options| {
        profile.create_transform_16bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, options).ok()
    })?;
    let inputs: Vec<u16> = inputs().flat_map(|input| std::iter::repeat_n(input, channels)).collect();
    let mut table = vec![[0; 3]; levels];
    transform.transform(&inputs, table.as_flattened_mut()).ok()?;
    Some(table.iter().map(|rgb| rgb.map(narrow)).collect())
}

/// A display of this curve, with sRGB's primaries unless others are given. `None` for impossible numbers.
pub(super) fn measured(curve: Curve, chromaticities: Option<&Chromaticities>) -> Option<ColorProfile> {
    let mut profile = ColorProfile::new_srgb();
    if let Curve::Power(exponent) = curve {
        if !(0.2..=5.0).contains(&exponent) {
            return None;
        }
        let curve = Some(ToneReprCurve::Parametric(vec![exponent]));
        (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
    }
    // Its curve would be preferred to the one just set.
    profile.cicp = None;
    let Some(Chromaticities(points)) = chromaticities else { return Some(profile) };
    let plausible = points.iter().all(|(x, y)| (0.0..=1.0).contains(x) && (0.01..=1.0).contains(y));
    let [white, red, green, blue] = points.map(|(x, y)| Chromaticity { x, y });
    profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
    plausible.then_some(profile)
}

/// Without a profile each ink takes away its share of the light.
pub(super) fn plain_cmyk(cmyk: &[u8]) -> Vec<u8> {
    let pixel = |[c, m, y, k]: &[u8; 4]| {
        let light = 255 - u32::from(*k);
        [*c, *m, *y].map(|ink| (((255 - u32::from(ink)) * light + 127) / 255) as u8)
    };
    cmyk.as_chunks::<4>().0.iter().flat_map(pixel).collect()
}

/// A photo's profile maps into a display's: relative colorimetric keeps what sRGB can show as it is. Profiles that are
/// tables need not have that table.
fn by_intent<T>(create: impl Fn(TransformOptions) -> Option<T>) -> Option<T> {
    [RenderingIntent::RelativeColorimetric, RenderingIntent::Perceptual].into_iter().find_map(
        |rendering_intent| {
            without_panic(|| create(TransformOptions { rendering_intent, ..TransformOptions::default() }))
        },
    )
}

/// Profiles are bytes that strangers wrote; one that upsets the colour engine is a broken one.
pub(super) fn without_panic<T>(work: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok().flatten()
}

/// CIE luminance (0 to 1) of a lightness (L* over 100).
fn luminance(lightness: f32) -> f32 {
    let f = (lightness.clamp(0.0, 1.0) * 100.0 + 16.0) / 116.0;
    if f > 6.0 / 29.0 { f.powi(3) } else { 3.0 * (6.0_f32 / 29.0).powi(2) * (f - 4.0 / 29.0) }
}

/// sRGB's sample for light of 0 to 1 (IEC 61966-2-1).
pub(super) fn srgb_curve(light: f32) -> u8 {
    let light = light.clamp(0.0, 1.0);
    let sample = if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    (sample * 255.0).round() as u8
}
