//! PNG: chunk after chunk to `IEND`, which some files lack.

use super::event::Event;
use super::gather::{Gather, be, skip};

#[derive(Debug)]
pub(super) struct Png {
    state: State,
    gather: Gather,
    /// Bytes of the current data chunk that are still to come, checksum included; `None` before the first.
    data_missing: Option<u64>,
}

#[derive(Debug)]
enum State {
    /// Signature, header chunk's length and type, width, height: 24 bytes.
    Header,
    /// Length and type of the next chunk.
    Chunk,
    /// Data and checksum of a chunk.
    Body { remaining: u64, last: bool },
}

impl Png {
    pub(super) fn new() -> Self {
        Self { state: State::Header, gather: Gather::default(), data_missing: None }
    }

    /// Whether a file that ends here may hold the whole picture: the data's last chunk came, but for the two checksums
    /// at its end.
    pub(super) fn may_be_whole(&self) -> bool {
        const CHECKSUMS: u64 = 8;
        self.data_missing.is_some_and(|missing| missing <= CHECKSUMS)
    }

    /// Walks on. `Err(())` for a structure no decoder can follow.
    pub(super) fn step(&mut self, input: &mut &[u8]) -> Result<Event, ()> {
        loop {
            match &mut self.state {
                State::Header => {
                    let Some(head) = self.gather.take(input, 24) else { return Ok(Event::More) };
                    if &head[12..16] != b"IHDR" || be(&head[8..12]) != 13 {
                        return Err(());
                    }
                    // Five bytes of the header and its checksum are still to come.
                    self.state = State::Body { remaining: 5 + 4, last: false };
                    return Ok(Event::Size {
                        width: be(&head[16..20]) as u32,
                        height: be(&head[20..24]) as u32,
                    });
                }
                State::Chunk => {
                    let Some(head) = self.gather.take(input, 8) else { return Ok(Event::More) };
                    let length = be(&head[..4]);
                    if length > i32::MAX as u64 || !head[4..].iter().all(u8::is_ascii_alphabetic) {
                        // Behind the data it is a trailer in the place of the end.
                        return if self.data_missing.is_some() { Ok(Event::Complete) } else { Err(()) };
                    }
                    if &head[4..] == b"IDAT" {
                        self.data_missing = Some(length + 4);
                    }
                    self.state = State::Body { remaining: length + 4, last: &head[4..] == b"IEND" };
                }
                State::Body { remaining, last } => {
                    let before = *remaining;
                    let passed = skip(input, remaining);
                    if let Some(missing) = &mut self.data_missing {
                        *missing = missing.saturating_sub(before - *remaining);
                    }
                    if !passed {
                        return Ok(Event::More);
                    }
                    if *last {
                        return Ok(Event::Complete);
                    }
                    self.state = State::Chunk;
                }
            }
        }
    }
}
