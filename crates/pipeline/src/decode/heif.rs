//! HEIC, HEIF and AVIF through the system's libheif: single pictures and grids, rotation and mirroring applied.

mod ffi;
mod image;

use std::borrow::Cow;

use headshot_core::upload::Limits;

use super::ReadError;
use super::alpha::split_rgba;
use super::orient::Orientation;
use super::raster::{Encoding, Raster, Samples};
use image::{Context, Layout};

pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<Raster, ReadError> {
    let bytes = with_still_brand(bytes);
    let context = Context::read(&bytes, limits.pixels)?;
    let handle = context.primary_image()?;
    let (width, height) = handle.size()?;
    limits.check_size(width, height)?;
    let encoding = match (handle.icc_profile(), handle.primaries()) {
        (Some(icc), _) => Encoding::Icc(icc),
        (None, Some(primaries)) => Encoding::Primaries(primaries),
        (None, None) => Encoding::Srgb,
    };
    let layout = if handle.has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let premultiplied = handle.is_premultiplied();
    let picture = handle.decode(layout)?;
    let (width, height) = picture.size()?;
    // What the header said was checked above; this is what came.
    limits.check_size(width, height)?;
    let pixels = picture.packed(layout, width, height)?;
    drop(picture);
    let (samples, alpha) = match layout {
        Layout::Rgb => (pixels, None),
        Layout::Rgba => {
            let (mut rgb, alpha) = split_rgba(pixels);
            if premultiplied {
                unmultiply(&mut rgb, &alpha);
            }
            (rgb, Some(alpha))
        }
    };
    // libheif has turned the picture already; EXIF in these files only repeats what their boxes say.
    Ok(Raster {
        width,
        height,
        samples: Samples::Rgb(samples),
        alpha,
        encoding,
        orientation: Orientation::default(),
    })
}

/// libheif before 1.20 refuses files that call themselves sequences only (`avis`), although their first picture is
/// described like that of any other. With a compatible brand that says so it opens them.
fn with_still_brand(bytes: &[u8]) -> Cow<'_, [u8]> {
    let end =
        bytes.get(..4).map_or(0, |size| u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize);
    let compatible = bytes.get(16..end).unwrap_or_default().as_chunks::<4>().0;
    let still = compatible.iter().any(|brand| matches!(brand, b"avif" | b"mif1" | b"heic" | b"heix"));
    match compatible.iter().position(|brand| brand == b"avis") {
        Some(index) if !still => {
            let mut renamed = bytes.to_vec();
            renamed[16 + index * 4..][..4].copy_from_slice(b"avif");
            Cow::Owned(renamed)
        }
        _ => Cow::Borrowed(bytes),
    }
}

fn unmultiply(rgb: &mut [u8], alpha: &[u8]) {
    for (pixel, alpha) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(alpha) {
        let alpha = u32::from(*alpha);
        if alpha > 0 {
            *pixel = pixel.map(|value| ((u32::from(value) * 255 + alpha / 2) / alpha).min(255) as u8);
        }
    }
}
