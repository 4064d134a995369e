//! WebP, lossy and lossless; the first frame of an animated one.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufRead, Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;

use headshot_core::upload::{Format, Limits, Refusal};
use image_webp::{DecodingError, WebPDecoder};

use super::encoding::Encoding;
use super::raster::{Raster, Samples};
use super::read_error::ReadError;
use super::zeros::BLOCK;
use super::{alpha, exif};

/// Profiles and EXIF blocks larger than this are not real ones.
const METADATA_LIMIT: usize = 8 << 20;

pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<Raster, ReadError> {
    let bytes = with_true_flags(bytes);
    let read_to = Cell::new(0);
    let watched = Watched { data: Cursor::new(&bytes[..]), read_to: &read_to };
    let mut decoder = WebPDecoder::new(watched).map_err(ReadError::decoder)?;
    let (width, height) = decoder.dimensions();
    limits.check_size(width, height)?;
    decoder.set_memory_limit(METADATA_LIMIT);
    // Broken metadata is no reason to refuse a good picture.
    let icc = decoder.icc_profile().ok().flatten();
    let told = exif::read(decoder.exif_metadata().ok().flatten().as_deref());

    let size = decoder.output_buffer_size().ok_or_else(|| ReadError::decoder("size overflows"))?;
    let mut samples = vec![0; size];
    let decoded = decoder.read_image(&mut samples);
    let truncated = || Refusal::Truncated { format: Format::WebP };
    let lossless = first_lossless(&bytes);
    if let Err(error) = decoded {
        // Lossless data tells of its end by where reading stopped, lossy data by these.
        let ended = match (&lossless, &error) {
            (Some(data), _) => read_to.get() >= data.end as u64,
            (None, DecodingError::IoError(io)) => io.kind() == ErrorKind::UnexpectedEof,
            (None, DecodingError::BitStreamError | DecodingError::NotEnoughInitData) => true,
            _ => false,
        };
        return Err(if ended { truncated().into() } else { ReadError::decoder(error) });
    }
    let left = |data: &Range<usize>| (data.end as u64).saturating_sub(read_to.get());
    if lossless.is_some_and(|data| filled_up(&bytes[data.clone()], left(&data))) {
        return Err(truncated().into());
    }
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

/// Where the data of the first picture is, if that is a lossless one.
fn first_lossless(file: &[u8]) -> Option<Range<usize>> {
    const RIFF: usize = 12;
    let mut at = RIFF;
    loop {
        let kind = file.get(at..at + 4)?;
        let content = at + 8;
        let size = u32::from_le_bytes(*file.get(at + 4..content)?.first_chunk()?) as usize;
        let end = content.checked_add(size)?;
        at = match kind {
            b"VP8L" => return Some(content..end.min(file.len())),
            b"VP8 " => return None,
            // The frame's chunks follow 16 bytes of its own.
            b"ANMF" => content + 16,
            _ => end.checked_add(size & 1)?,
        };
    }
}

/// Whether lossless data ends in zeros that no pixel needs. A flat end of the picture needs its zeros.
fn filled_up(data: &[u8], left: u64) -> bool {
    left >= BLOCK as u64 && data.iter().rev().take_while(|byte| **byte == 0).count() >= BLOCK
}

/// Remembers how far it was read.
struct Watched<'a> {
    data: Cursor<&'a [u8]>,
    read_to: &'a Cell<u64>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.data.read(buffer);
        self.read_to.set(self.data.position());
        read
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.data.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.data.consume(amount);
        self.read_to.set(self.data.position());
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.data.seek(to)
    }
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
