//! HEIC, HEIF and AVIF by libheif: single pictures and grids, rotation and mirroring applied.
//!
//! The base picture is decoded, which is what people saw when they chose it; an iPhone's gain map is not applied.

use headshot_core::upload::Limits;
use libheif_rs::{
    ColorProfileNCLX, ColorProfileRaw, ColorSpace, DecodingOptions, HeifContext, LibHeif, Plane, RgbChroma,
};

use super::alpha::{split_deep_rgba, split_rgba, unmultiply};
use super::encoding::{Cicp, Encoding};
use super::exif;
use super::orient::Orientation;
use super::raster::{Raster, Samples, narrow};
use super::read_error::ReadError;

/// A profile larger than this is not a photo's.
const PROFILE_LIMIT: u32 = 8 << 20;

/// Bytes that libheif may hold for each pixel that is allowed: planes of 16 bits, the tile at hand, and R, G, B, A of
/// 16 bits side by side.
const BYTES_PER_PIXEL: u64 = 24;

/// Reads the primary picture. What libheif refuses is tried again without what is no part of it: auxiliary pictures,
/// and a crop, for which libheif 1.23 takes the cropped size as the most that may be decoded.
pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<Raster, ReadError> {
    let failed = match read_as_it_is(bytes, limits) {
        Err(ReadError::Decoder(error)) => ReadError::Decoder(error),
        done => return done,
    };
    match plain(bytes) {
        Some(plain) => read_as_it_is(&plain, limits).map_err(|_| failed),
        None => Err(failed),
    }
}

/// The file without references from auxiliary pictures and without crops; `None` when it has neither. Names are
/// replaced by those of boxes that change nothing, so that every offset stays.
fn plain(bytes: &[u8]) -> Option<Vec<u8>> {
    let meta = memchr::memmem::find(bytes, b"meta")?;
    let size = bytes.get(meta.checked_sub(4)?..meta)?;
    let end = (meta - 4).saturating_add(u32::from_be_bytes(*size.first_chunk()?) as usize).min(bytes.len());
    let mut plain = bytes.to_vec();
    for (name, harmless) in [(b"auxl", b"skip"), (b"clap", b"pasp")] {
        for at in memchr::memmem::find_iter(bytes.get(meta..end)?, name) {
            plain[meta + at..][..4].copy_from_slice(harmless);
        }
    }
    (plain != bytes).then_some(plain)
}

fn read_as_it_is(bytes: &[u8], limits: Limits) -> Result<Raster, ReadError> {
    let library = LibHeif::new_checked().map_err(ReadError::decoder)?;
    let context = open(bytes, limits).map_err(ReadError::decoder)?;
    let handle = context.primary_image_handle().map_err(ReadError::decoder)?;
    limits.check_size(handle.width(), handle.height())?;

    let deep = handle.luma_bits_per_pixel() > 8;
    let alpha = handle.has_alpha_channel();
    let chroma = match (deep, alpha) {
        (false, false) => RgbChroma::Rgb,
        (false, true) => RgbChroma::Rgba,
        (true, false) => RgbChroma::HdrRgbLe,
        (true, true) => RgbChroma::HdrRgbaLe,
    };
    let mut options =
        DecodingOptions::new().ok_or_else(|| ReadError::decoder("libheif could not allocate"))?;
    // Colours are converted here, where PQ and HLG are known; libheif applies matrix and range.
    options.set_output_image_nclx_profile_passthrough(true);
    // Grey stays grey: to R, G, B libheif would bring it without its range, and a grey profile would not fit.
    let grey = matches!(handle.preferred_decoding_colorspace(), Ok(ColorSpace::Monochrome));
    let space = if grey { ColorSpace::Monochrome } else { ColorSpace::Rgb(chroma) };
    let picture = library.decode(&handle, space, Some(options)).map_err(ReadError::decoder)?;
    let planes = picture.planes();
    let plane = if grey { planes.y } else { planes.interleaved };
    let plane = plane.ok_or_else(|| ReadError::decoder("libheif gave no pixels"))?;
    let (width, height) = (plane.width, plane.height);
    // What the header said was checked above; this is what came.
    limits.check_size(width, height)?;

    // A profile in the bitstream is known once it is decoded.
    let nclx = handle.color_profile_nclx().or_else(|| picture.color_profile_nclx());
    let channels = if alpha { 4 } else { 3 };
    let (mut samples, alpha) = match (deep, alpha) {
        _ if grey => {
            let mut samples = samples_of(&plane)?;
            if nclx.as_ref().is_some_and(|nclx| nclx.full_range_flag() == 0) {
                samples.stretch(plane.bits_per_pixel.into());
            }
            (samples, planes.a.filter(|_| alpha).map(|plane| alpha_of(&plane)).transpose()?)
        }
        (false, false) => (Samples::Rgb(packed(&plane, channels)?), None),
        (true, false) => (Samples::DeepRgb(packed_deep(&plane, channels)?), None),
        (false, true) => {
            let (rgb, alpha) = split_rgba(packed(&plane, channels)?);
            (Samples::Rgb(rgb), Some(alpha))
        }
        (true, true) => split_deep_rgba(&packed_deep(&plane, channels)?),
    };
    if let Some(alpha) = alpha.as_ref().filter(|_| handle.is_premultiplied_alpha()) {
        unmultiply(&mut samples, alpha);
    }

    let encodings = encodings(nclx.as_ref(), handle.color_profile_raw());
    let exif_blocks: Vec<_> =
        handle.all_metadata().into_iter().filter(|m| m.item_type == b"Exif".into()).collect();
    // Before the TIFF header stands its offset. Orientation is libheif's: EXIF in these files repeats what boxes say.
    let told = exif::read(exif_blocks.iter().filter_map(|block| block.raw_data.get(4..)));
    Ok(Raster {
        width,
        height,
        samples,
        alpha,
        encodings: encodings.into_iter().chain(told.encoding).collect(),
        orientation: Some(Orientation::default()),
        damage: Vec::new(),
    })
}

/// Parses the boxes. libheif's own limits are set to ours, so that no size in the file decides what is allocated.
fn open(bytes: &[u8], limits: Limits) -> Result<HeifContext<'_>, libheif_rs::HeifError> {
    let mut context = HeifContext::new()?;
    let mut security = context.security_limits();
    security.set_max_image_size_pixels(limits.pixels);
    security.set_max_color_profile_size(PROFILE_LIMIT);
    security.set_max_memory_block_size(limits.pixels.saturating_mul(8));
    security.set_max_total_memory(limits.pixels.saturating_mul(BYTES_PER_PIXEL));
    context.set_security_limits(&security)?;
    // Photos are decoded in parallel already; tiles of one are decoded in the calling thread.
    context.set_max_decoding_threads(0);
    context.read_bytes(bytes)?;
    Ok(context)
}

/// The profile before the numbers, as readers of these files do it, except for PQ and HLG: their numbers are exact,
/// and a profile beside them is an approximation.
fn encodings(nclx: Option<&ColorProfileNCLX>, icc: Option<ColorProfileRaw>) -> Vec<Encoding> {
    let cicp = nclx.map(|nclx| Cicp {
        primaries: nclx.color_primaries() as u8,
        transfer: nclx.transfer_characteristics() as u8,
    });
    let icc = icc.map(|icc| Encoding::Icc(icc.data));
    match cicp {
        Some(cicp) if cicp.is_hdr() => Some(Encoding::Cicp(cicp)).into_iter().chain(icc).collect(),
        _ => icc.into_iter().chain(cicp.map(Encoding::Cicp)).collect(),
    }
}

/// A plane of its own, whatever its depth.
fn samples_of(plane: &Plane<&[u8]>) -> Result<Samples, ReadError> {
    Ok(match plane.bits_per_pixel {
        8 => Samples::Grey(packed(plane, 1)?),
        _ => Samples::DeepGrey(packed_deep(plane, 1)?),
    })
}

fn alpha_of(plane: &Plane<&[u8]>) -> Result<Vec<u8>, ReadError> {
    Ok(match plane.bits_per_pixel {
        8 => packed(plane, 1)?,
        _ => packed_deep(plane, 1)?.into_iter().map(narrow).collect(),
    })
}

/// A copy of the rows without the padding between them.
fn packed(plane: &Plane<&[u8]>, channels: usize) -> Result<Vec<u8>, ReadError> {
    let row = plane.width as usize * channels;
    let mut pixels = Vec::with_capacity(row * plane.height as usize);
    for line in lines(plane, row)? {
        pixels.extend_from_slice(line);
    }
    Ok(pixels)
}

/// The same of samples of more than 8 bits, stretched to 16.
fn packed_deep(plane: &Plane<&[u8]>, channels: usize) -> Result<Vec<u16>, ReadError> {
    let bits = u32::from(plane.bits_per_pixel);
    if !(9..=16).contains(&bits) {
        return Err(ReadError::decoder(format!("libheif gave samples of {bits} bits")));
    }
    let most = (1_u32 << bits) - 1;
    let row = plane.width as usize * channels * 2;
    let mut samples = Vec::with_capacity(row / 2 * plane.height as usize);
    for line in lines(plane, row)? {
        let wide = |bytes: &[u8; 2]| (u32::from(u16::from_le_bytes(*bytes)).min(most) * 65_535 / most) as u16;
        samples.extend(line.as_chunks::<2>().0.iter().map(wide));
    }
    Ok(samples)
}

fn lines<'a>(plane: &Plane<&'a [u8]>, row: usize) -> Result<impl Iterator<Item = &'a [u8]>, ReadError> {
    let height = plane.height as usize;
    let fits =
        row > 0 && plane.stride >= row && plane.data.len() >= plane.stride * height.saturating_sub(1) + row;
    if !fits {
        return Err(ReadError::decoder("libheif gave no pixels"));
    }
    Ok(plane.data.chunks(plane.stride).take(height).map(move |line| &line[..row]))
}
