//! What the numbers of a photo mean, whoever told it, and the way to sRGB.
//!
//! Readers hand over what their file says, best source first; the first that can be used is believed. PQ and HLG go
//! through [`hdr`], everything else through an ICC profile, given or made for the purpose.

mod cicp;
mod hdr;
mod profile;

use moxcms::{ColorProfile, DataColorSpace, Layout};

use self::hdr::Hdr;
use self::profile::{ToSrgb, grey_table, measured, without_panic};
use super::encoding::Encoding;
use super::raster::{Raster, Samples, narrow};

/// An encoding that can be used.
enum Meaning {
    Srgb,
    Profile(Box<ColorProfile>),
    Hdr(Hdr),
}

/// The picture's colours in sRGB (rows of R, G, B) and its alpha.
pub(super) fn to_srgb(raster: Raster) -> (Vec<u8>, Option<Vec<u8>>) {
    let grey = matches!(raster.samples, Samples::Grey(_) | Samples::DeepGrey(_));
    let cmyk = matches!(raster.samples, Samples::Cmyk(_));
    let fits = |space| match space {
        DataColorSpace::Rgb => !cmyk,
        DataColorSpace::Gray => grey,
        DataColorSpace::Cmyk => cmyk,
        _ => false,
    };
    let meaning =
        raster.encodings.iter().find_map(|encoding| meaning(encoding, fits)).unwrap_or(Meaning::Srgb);
    let rgb = match (meaning, raster.samples) {
        (Meaning::Hdr(hdr), samples) => hdr.to_srgb(deep_rgb(samples)),
        (Meaning::Srgb, Samples::Grey(grey)) => grey.iter().flat_map(|level| [*level; 3]).collect(),
        (Meaning::Srgb, Samples::Rgb(rgb)) => rgb,
        (Meaning::Srgb, Samples::Cmyk(cmyk)) => profile::plain_cmyk(&cmyk),
        (Meaning::Srgb, Samples::DeepGrey(grey)) => {
            grey.iter().flat_map(|level| [narrow(*level); 3]).collect()
        }
        (Meaning::Srgb, Samples::DeepRgb(rgb)) => rgb.iter().map(|value| narrow(*value)).collect(),
        (Meaning::Profile(profile), samples) => by_profile(&profile, samples),
    };
    (rgb, raster.alpha)
}

/// `None` when this cannot be used: a broken profile, one for samples of another kind, numbers without a meaning.
fn meaning(encoding: &Encoding, fits: impl Fn(DataColorSpace) -> bool) -> Option<Meaning> {
    let profile =
        match encoding {
            Encoding::Srgb => return Some(Meaning::Srgb),
            Encoding::Icc(icc) => {
                let profile = without_panic(|| ColorProfile::new_from_slice(icc).ok())?;
                if let Some(hdr) = profile.cicp.as_ref().and_then(|cicp| {
                    Hdr::new(cicp.color_primaries as u8, cicp.transfer_characteristics as u8)
                }) {
                    return Some(Meaning::Hdr(hdr));
                }
                profile
            }
            Encoding::Cicp(cicp) => {
                if let Some(hdr) = Hdr::new(cicp.primaries, cicp.transfer) {
                    return Some(Meaning::Hdr(hdr));
                }
                match cicp.profile()? {
                    Some(profile) => profile,
                    None => return Some(Meaning::Srgb),
                }
            }
            Encoding::Measured(curve, places) => measured(*curve, places.as_ref())?,
            Encoding::AdobeRgb => ColorProfile::new_adobe_rgb(),
        };
    fits(profile.color_space).then(|| Meaning::Profile(Box::new(profile)))
}

fn by_profile(profile: &ColorProfile, samples: Samples) -> Vec<u8> {
    match samples {
        Samples::Grey(grey) => match grey_table(profile, 256) {
            Some(table) => grey.iter().flat_map(|level| table[usize::from(*level)]).collect(),
            None => grey.iter().flat_map(|level| [*level; 3]).collect(),
        },
        Samples::DeepGrey(grey) => match grey_table(profile, 65_536) {
            Some(table) => grey.iter().flat_map(|level| table[usize::from(*level)]).collect(),
            None => grey.iter().flat_map(|level| [narrow(*level); 3]).collect(),
        },
        Samples::Rgb(mut rgb) => {
            if let Some(transform) = ToSrgb::new(profile, Layout::Rgb)
                && !transform.is_identity()
            {
                transform.convert_in_place(&mut rgb);
            }
            rgb
        }
        Samples::DeepRgb(rgb) => profile::deep_rgb(profile, &rgb),
        Samples::Cmyk(cmyk) => match ToSrgb::new(profile, Layout::Rgba) {
            Some(transform) => transform.cmyk(&cmyk),
            None => profile::plain_cmyk(&cmyk),
        },
    }
}

fn deep_rgb(samples: Samples) -> Vec<u16> {
    let widen = |value: u8| u16::from(value) * 257;
    match samples {
        Samples::DeepRgb(rgb) => rgb,
        Samples::DeepGrey(grey) => grey.iter().flat_map(|level| [*level; 3]).collect(),
        Samples::Rgb(rgb) => rgb.iter().map(|value| widen(*value)).collect(),
        Samples::Grey(grey) => grey.iter().flat_map(|level| [widen(*level); 3]).collect(),
        Samples::Cmyk(cmyk) => profile::plain_cmyk(&cmyk).iter().map(|value| widen(*value)).collect(),
    }
}
