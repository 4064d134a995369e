//! Camera raw files: whether what begins like a TIFF is one. Where its picture is, only the decoder looks
//! for.
//!
//! Most makers' files are TIFFs, and so are scans. The first directory tells: by tags and values that only
//! cameras write. It may stand anywhere, so this walks up to it.

use super::FileKind;
use super::event::Event;
use super::gather::{Gather, be, le, skip};

/// Cameras write some fifty entries; a directory beyond this is none of theirs.
const ENTRIES: u64 = 1_000;

const ENTRY: usize = 12;

#[derive(Debug)]
pub(super) struct Raw {
    state: State,
    gather: Gather,
    number: fn(&[u8]) -> u64,
}

#[derive(Debug)]
enum State {
    /// Byte order, magic number, and where the first directory is.
    Header,
    /// So far until the directory.
    Skip(u64),
    Count,
    Entries(usize),
}

impl Raw {
    pub(super) fn new() -> Self {
        Self { state: State::Header, gather: Gather::default(), number: be }
    }

    /// Walks on to the end of the first directory.
    pub(super) fn step(&mut self, input: &mut &[u8]) -> Event {
        loop {
            self.state = match &mut self.state {
                State::Header => {
                    let Some(header) = self.gather.take(input, 8) else { return Event::More };
                    self.number = match &header[..4] {
                        b"II*\0" => le,
                        b"MM\0*" => be,
                        // The magic numbers of all others are their own.
                        _ => return Event::Complete,
                    };
                    match (self.number)(&header[4..]).checked_sub(8) {
                        Some(distance) => State::Skip(distance),
                        None => return Event::Other(FileKind::Tiff),
                    }
                }
                State::Skip(distance) => {
                    if !skip(input, distance) {
                        return Event::More;
                    }
                    State::Count
                }
                State::Count => {
                    let Some(count) = self.gather.take(input, 2) else { return Event::More };
                    let count = (self.number)(&count);
                    if count > ENTRIES {
                        return Event::Other(FileKind::Tiff);
                    }
                    State::Entries(count as usize)
                }
                State::Entries(count) => {
                    let Some(entries) = self.gather.take(input, *count * ENTRY) else { return Event::More };
                    return if is_raw(&entries, self.number) {
                        Event::Complete
                    } else {
                        Event::Other(FileKind::Tiff)
                    };
                }
            };
        }
    }
}

fn is_raw(directory: &[u8], number: fn(&[u8]) -> u64) -> bool {
    let (mut camera, mut more_pictures, mut compression) = (false, false, 0);
    for entry in directory.as_chunks::<ENTRY>().0 {
        let short = number(&entry[8..10]);
        match number(&entry[..2]) {
            // DNGVersion.
            0xc612 => return true,
            // PhotometricInterpretation: a mosaic of coloured filters, or linear light.
            0x0106 if matches!(short, 32_803 | 34_892) => return true,
            // Make.
            0x010f => camera = true,
            // SubIFDs.
            0x014a => more_pictures = true,
            0x0103 => compression = short,
            _ => {}
        }
    }
    // JPEG of the old kind, as Canon and Sony have it, and the own ones of Sony, Samsung, Nikon, Pentax and
    // Kodak. A scanner has a maker too, but neither these nor a second picture.
    camera
        && (more_pictures || matches!(compression, 6 | 32_767 | 32_769 | 32_770 | 34_713 | 65_000 | 65_535))
}
