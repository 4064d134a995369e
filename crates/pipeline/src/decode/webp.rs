//! WebP, lossy and lossless; the first frame of an animated one.

use std::borrow::Cow;
use std::io::Cursor;

use headshot_core::upload::Limits;
use image_webp::WebPDecoder;

use super::colour::Encoding;
use super::raster::{Raster, Samples};
use super::{ReadError, alpha, exif};

/// Profiles and EXIF blocks larger than this are not real ones.
const METADATA_LIMIT: usize = 8 << 20;

pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<Raster, ReadError> {
    let bytes = with_true_flags(bytes);
    let mut decoder = WebPDecoder::new(Cursor::new(&bytes[..])).map_err(ReadError::decoder)?;
    let (width, height) = decoder.dimensions();
    limits.check_size(width, height)?;
    decoder.set_memory_limit(METADATA_LIMIT);
    // Broken metadata is no reason to refuse a good picture.
    let icc = decoder.icc_profile().ok().flatten();
    let told = exif::read(decoder.exif_metadata().ok().flatten().as_deref());

    let size = decoder.output_buffer_size().ok_or_else(|| ReadError::decoder("size overflows"))?;
    let mut samples = vec![0; size];
    decoder.read_image(&mut samples).map_err(ReadError::decoder)?;
    let (samples, alpha) = if decoder.has_alpha() {
        let (rgb, alpha) = alpha::split_rgba(samples);
        (rgb, Some(alpha))
    } else {
        (samples, None)
    };
    Ok(Raster {
        width,
        height,
        samples: Samples::Rgb(samples),
        alpha,
        encodings: icc.map(Encoding::Icc).into_iter().chain(told.encoding).collect(),
        orientation: told.orientation,
        damage: Vec::new(),
    })
}

/// Takes back what the header announces and the file does not have. Optimisers strip a chunk and leave its flag, and
/// the decoder would refuse a picture that is whole.
fn with_true_flags(file: &[u8]) -> Cow<'_, [u8]> {
    const EXTENDED: usize = 12;
    const FLAGS: usize = 20;
    const ALPHA: u8 = 0x10;
    if file.get(EXTENDED..EXTENDED + 4) != Some(b"VP8X") || file.len() <= FLAGS {
        return Cow::Borrowed(file);
    }
    let kinds: Vec<&[u8]> = chunks(&file[EXTENDED..]).map(|(kind, _)| kind).collect();
    let has = |kind: &[u8]| kinds.contains(&kind);
    let mut flags = file[FLAGS];
    for (flag, present) in [
        (0x20, has(b"ICCP")),
        // Lossless pictures and those of an animation carry their own.
        (ALPHA, has(b"ALPH") || has(b"VP8L") || has(b"ANMF")),
        (0x08, has(b"EXIF")),
        (0x04, has(b"XMP ")),
        (0x02, has(b"ANIM") && has(b"ANMF")),
    ] {
        if !present {
            flags &= !flag;
        }
    }
    if flags == file[FLAGS] {
        return Cow::Borrowed(file);
    }
    let mut file = file.to_vec();
    file[FLAGS] = flags;
    Cow::Owned(file)
}

/// Names and contents of the chunks in `data`.
fn chunks(mut data: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = data.split_at_checked(8)?;
        let size = u32::from_le_bytes(*head[4..].first_chunk()?) as usize;
        let content = &rest[..size.min(rest.len())];
        // Odd sizes are followed by a byte of padding.
        data = rest.get(size.saturating_add(size & 1)..).unwrap_or_default();
        Some((&head[..4], content))
    })
}
