//! Profiles to sRGB.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use moxcms::{
    ColorProfile, DataColorSpace, Layout, RenderingIntent, Transform8BitExecutor, TransformOptions,
};

use super::raster::{Encoding, Raster, Samples};

/// Display P3's and BT.2020's numbers among the primaries of ITU-T H.273.
const DISPLAY_P3: u8 = 12;
const BT2020: u8 = 9;

/// The picture's colours in sRGB (rows of R, G, B) and its alpha. A profile that cannot be used is ignored: the picture
/// is then taken as sRGB, which is what nearly every such file is.
pub(super) fn to_srgb(raster: Raster) -> (Vec<u8>, Option<Vec<u8>>) {
    let profile = source_profile(&raster.encoding);
    let rgb = match raster.samples {
        Samples::Rgb(mut rgb) => {
            if let Some(transform) = profile.as_ref().and_then(|profile| transform(profile, Layout::Rgb))
                && !is_identity(&*transform)
            {
                convert_in_place(&mut rgb, &*transform);
            }
            rgb
        }
        Samples::Grey(grey) => grey_to_rgb(&grey, profile.as_ref()),
        Samples::Cmyk(cmyk) => {
            let transform = profile.as_ref().and_then(|profile| transform(profile, Layout::Rgba));
            cmyk_to_rgb(&cmyk, transform.as_deref())
        }
    };
    (rgb, raster.alpha)
}

fn source_profile(encoding: &Encoding) -> Option<ColorProfile> {
    match encoding {
        Encoding::Srgb => None,
        Encoding::Icc(icc) => without_panic(|| ColorProfile::new_from_slice(icc).ok()),
        Encoding::Primaries(primaries) => {
            let mut profile = match *primaries {
                DISPLAY_P3 => ColorProfile::new_display_p3(),
                BT2020 => ColorProfile::new_bt2020(),
                _ => return None,
            };
            let srgb = ColorProfile::new_srgb();
            (profile.red_trc, profile.green_trc, profile.blue_trc) =
                (srgb.red_trc.clone(), srgb.green_trc.clone(), srgb.blue_trc.clone());
            // Its curve would be preferred to the one just set.
            profile.cicp = None;
            Some(profile)
        }
    }
}

/// From samples laid out as `layout` to sRGB; `None` when the profile is for samples of another kind, or broken.
fn transform(profile: &ColorProfile, layout: Layout) -> Option<Arc<Transform8BitExecutor>> {
    let fits = match layout {
        Layout::Rgb => profile.color_space == DataColorSpace::Rgb,
        Layout::Rgba => profile.color_space == DataColorSpace::Cmyk,
        Layout::Gray => profile.color_space == DataColorSpace::Gray,
        _ => false,
    };
    if !fits {
        return None;
    }
    // A photo's profile maps into a display's: relative colorimetric keeps what sRGB can show as it is. Profiles
    // that are tables need not have that table.
    [RenderingIntent::RelativeColorimetric, RenderingIntent::Perceptual].into_iter().find_map(
        |rendering_intent| {
            let options = TransformOptions { rendering_intent, ..TransformOptions::default() };
            without_panic(|| {
                profile.create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, options).ok()
            })
        },
    )
}

/// Profiles are bytes that strangers wrote; one that upsets the colour engine is a broken one.
fn without_panic<T>(work: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok().flatten()
}

/// Whether the transform leaves a grid over all colours as it was, but for rounding. Most photos say "sRGB", each with
/// a profile of its own; they need no work.
fn is_identity(transform: &Transform8BitExecutor) -> bool {
    let steps = || (0..=255_u8).step_by(17);
    let grid: Vec<u8> =
        steps().flat_map(|r| steps().flat_map(move |g| steps().flat_map(move |b| [r, g, b]))).collect();
    let mut converted = vec![0; grid.len()];
    transform.transform(&grid, &mut converted).is_ok()
        && grid.iter().zip(&converted).all(|(before, after)| before.abs_diff(*after) <= 1)
}

/// Pixels that are converted at a time: 96 KB of R, G, B, which stay in the second-level cache.
const BAND: usize = 32 * 1024;

fn convert_in_place(rgb: &mut [u8], transform: &Transform8BitExecutor) {
    let mut source = vec![0; BAND * 3];
    for band in rgb.chunks_mut(BAND * 3) {
        let source = &mut source[..band.len()];
        source.copy_from_slice(band);
        if transform.transform(source, band).is_err() {
            band.copy_from_slice(source);
        }
    }
}

fn grey_to_rgb(grey: &[u8], profile: Option<&ColorProfile>) -> Vec<u8> {
    let table = grey_table(profile).unwrap_or_else(|| std::array::from_fn(|level| [level as u8; 3]));
    let mut rgb = vec![0; grey.len() * 3];
    for (pixel, level) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(grey) {
        *pixel = table[usize::from(*level)];
    }
    rgb
}

/// The sRGB colour of each grey level. A grey picture may carry a profile for colours; then its greys are those.
fn grey_table(profile: Option<&ColorProfile>) -> Option<[[u8; 3]; 256]> {
    let profile = profile?;
    let mut table = [[0; 3]; 256];
    let levels: Vec<u8> = (0..=u8::MAX).collect();
    if let Some(transform) = transform(profile, Layout::Gray) {
        transform.transform(&levels, table.as_flattened_mut()).ok()?;
    } else {
        let levels: Vec<u8> = levels.iter().flat_map(|level| [*level; 3]).collect();
        transform(profile, Layout::Rgb)?.transform(&levels, table.as_flattened_mut()).ok()?;
    }
    Some(table)
}

fn cmyk_to_rgb(cmyk: &[u8], transform: Option<&Transform8BitExecutor>) -> Vec<u8> {
    let mut rgb = vec![0; cmyk.len() / 4 * 3];
    for (source, target) in cmyk.chunks(BAND * 4).zip(rgb.chunks_mut(BAND * 3)) {
        if transform.is_none_or(|transform| transform.transform(source, target).is_err()) {
            plain_cmyk(source, target);
        }
    }
    rgb
}

/// Without a profile each ink takes away its share of the light.
fn plain_cmyk(cmyk: &[u8], rgb: &mut [u8]) {
    for ([c, m, y, k], pixel) in cmyk.as_chunks::<4>().0.iter().zip(rgb.as_chunks_mut::<3>().0) {
        let light = 255 - u32::from(*k);
        *pixel = [*c, *m, *y].map(|ink| (((255 - u32::from(ink)) * light + 127) / 255) as u8);
    }
}
