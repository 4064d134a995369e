//! HEIC, HEIF and AVIF through the system's libheif: single pictures and grids, rotation and mirroring applied.

mod ffi;
mod image;

use headshot_core::upload::Limits;

use super::ReadError;
use super::alpha::split_rgba;
use super::orient::Orientation;
use super::raster::{Encoding, Raster, Samples};
use image::{Context, Layout};

pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<Raster, ReadError> {
    let context = Context::read(bytes, limits.pixels)?;
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

fn unmultiply(rgb: &mut [u8], alpha: &[u8]) {
    for (pixel, alpha) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(alpha) {
        let alpha = u32::from(*alpha);
        if alpha > 0 {
            *pixel = pixel.map(|value| ((u32::from(value) * 255 + alpha / 2) / alpha).min(255) as u8);
        }
    }
}
