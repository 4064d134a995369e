//! HEIF and AVIF: top-level boxes until `meta`, which says how large the picture is and where its data ends.
//!
//! `meta` may stand before or behind the data. Once it is read, the file is whole when the last byte that any item
//! refers to has come; boxes behind that are nobody's picture.

use std::ops::Range;

use super::event::Event;
use super::gather::{Gather, be, skip};
use super::item_meta;
use super::zeros::Zeros;

/// A phone's `meta` has some 10 KB; beyond this one does not belong to a photo.
const META_LIMIT: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Boxes {
    state: State,
    gather: Gather,
    /// Bytes passed so far.
    position: u64,
    zeros: Zeros,
}

#[derive(Debug)]
enum State {
    /// Size and type.
    Header,
    /// The 64-bit size of a box that needs one.
    LargeSize {
        kind: [u8; 4],
    },
    Body {
        remaining: u64,
    },
    Meta {
        length: usize,
    },
    /// Only the picture's data is awaited.
    Data {
        /// Where its coded parts lie, the next one last.
        coded: Vec<Range<u64>>,
        end: u64,
    },
}

impl Boxes {
    pub(super) fn new() -> Self {
        Self { state: State::Header, gather: Gather::default(), position: 0, zeros: Zeros::default() }
    }

    /// Whether a file that ends here has all of its boxes and no picture among them, as sequences may.
    pub(super) fn has_no_picture(&self) -> bool {
        match self.state {
            State::Header => self.gather.is_empty(),
            // A box that reaches to the end, wherever that is.
            State::Body { remaining } => remaining > u64::MAX / 2,
            _ => false,
        }
    }

    /// Walks on. `Err(())` for a structure no decoder can follow.
    pub(super) fn step(&mut self, input: &mut &[u8]) -> Result<Event, ()> {
        let before = *input;
        let event = self.walk(input);
        let from = self.position;
        self.position += (before.len() - input.len()) as u64;
        if let (State::Data { coded, end }, Ok(Event::More)) = (&mut self.state, &event) {
            let inside = |position: u64| (position.saturating_sub(from) as usize).min(before.len());
            while let Some(part) = coded.last() {
                // HEVC never has three zeros in a row, and AV1 few. Bytes between the parts say nothing.
                if self.zeros.block_in(&before[inside(part.start)..inside(part.end)]) {
                    return Ok(Event::Lost);
                }
                if part.end > self.position {
                    break;
                }
                coded.pop();
            }
            if self.position >= *end {
                return Ok(Event::Complete);
            }
        }
        event
    }

    fn walk(&mut self, input: &mut &[u8]) -> Result<Event, ()> {
        loop {
            match &mut self.state {
                State::Header => {
                    let Some(head) = self.gather.take(input, 8) else { return Ok(Event::More) };
                    let kind = [head[4], head[5], head[6], head[7]];
                    self.state = match be(&head[..4]) {
                        // The box reaches to the end of the file, so no `meta` comes any more.
                        0 => State::Body { remaining: u64::MAX },
                        1 => State::LargeSize { kind },
                        size => body(kind, size.checked_sub(8))?,
                    };
                }
                State::LargeSize { kind } => {
                    let kind = *kind;
                    let Some(size) = self.gather.take(input, 8) else { return Ok(Event::More) };
                    self.state = body(kind, be(&size).checked_sub(16))?;
                }
                State::Body { remaining } => {
                    if !skip(input, remaining) {
                        return Ok(Event::More);
                    }
                    self.state = State::Header;
                }
                State::Meta { length } => {
                    let Some(meta) = self.gather.take(input, *length) else { return Ok(Event::More) };
                    let meta = item_meta::read(&meta).ok_or(())?;
                    let coded = meta.coded.into_iter().rev().collect();
                    self.state = State::Data { coded, end: meta.data_end };
                    return Ok(Event::Size { width: meta.width, height: meta.height });
                }
                State::Data { .. } => {
                    *input = &[];
                    return Ok(Event::More);
                }
            }
        }
    }
}

fn body(kind: [u8; 4], length: Option<u64>) -> Result<State, ()> {
    let length = length.ok_or(())?;
    if &kind != b"meta" {
        return Ok(State::Body { remaining: length });
    }
    if length > META_LIMIT {
        return Err(());
    }
    Ok(State::Meta { length: length as usize })
}
