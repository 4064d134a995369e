//! JPEG: marker after marker, through the entropy-coded data, to the end-of-image marker.
//!
//! What follows that marker (Samsung trailers, motion photos, MPO) is not looked at. Garbage between segments is
//! passed over, as every decoder does. Some writers leave the marker out, so that a file which ends behind the start
//! of a scan may be whole: the decoder decides.

use super::event::Event;
use super::gather::{Gather, be, skip};

#[derive(Debug)]
pub(super) struct Jpeg {
    state: State,
    gather: Gather,
    sized: bool,
    scanned: bool,
}

#[derive(Debug)]
enum State {
    /// Looking for 0xff; `scan`: inside entropy-coded data, where most bytes are no markers.
    Seek { scan: bool },
    /// 0xff was seen.
    Code { scan: bool },
    /// A segment's two length bytes come.
    Length { code: u8 },
    /// The start of a frame header: precision, height, width.
    Frame { length: u64 },
    /// The rest of a segment; then `scan` or markers.
    Body { remaining: u64, scan: bool },
}

/// The code of a start-of-scan marker.
const SCAN: u8 = 0xda;

impl Jpeg {
    pub(super) fn new() -> Self {
        Self { state: State::Seek { scan: false }, gather: Gather::default(), sized: false, scanned: false }
    }

    /// Whether coded data came; how much of the picture it describes is not known here.
    pub(super) fn may_be_whole(&self) -> bool {
        self.scanned
    }

    /// Walks on. `Err(())` for a structure no decoder can follow.
    pub(super) fn step(&mut self, input: &mut &[u8]) -> Result<Event, ()> {
        loop {
            match &mut self.state {
                State::Seek { scan } => {
                    let Some(at) = memchr::memchr(0xff, input) else {
                        *input = &[];
                        return Ok(Event::More);
                    };
                    *input = &input[at + 1..];
                    self.state = State::Code { scan: *scan };
                }
                State::Code { scan } => {
                    let scan = *scan;
                    let Some((code, rest)) = input.split_first() else { return Ok(Event::More) };
                    *input = rest;
                    self.state = match *code {
                        0xff => continue,
                        // Stuffing, restart markers and codes that mean nothing are part of the scan's data.
                        0x00 | 0x01 | 0xd0..=0xd8 => State::Seek { scan },
                        0x02..=0xbf | 0xf0..=0xfd if scan => State::Seek { scan },
                        // An end before any scan is a picture without a picture.
                        0xd9 if !self.scanned => return Err(()),
                        0xd9 => return Ok(Event::Complete),
                        code => State::Length { code },
                    };
                }
                State::Length { code } => {
                    let code = *code;
                    let Some(length) = self.gather.take(input, 2) else { return Ok(Event::More) };
                    let length = match be(&length).checked_sub(2) {
                        Some(length) => length,
                        // A trailer where the end marker should be.
                        None if self.scanned => return Ok(Event::Complete),
                        None => return Err(()),
                    };
                    self.scanned |= code == SCAN;
                    self.state = match code {
                        // C4, C8 and CC lie among the frame headers but are tables and a reserve.
                        0xc0..=0xcf if !matches!(code, 0xc4 | 0xc8 | 0xcc) && !self.sized => {
                            State::Frame { length }
                        }
                        _ => State::Body { remaining: length, scan: code == SCAN },
                    };
                }
                State::Frame { length } => {
                    let remaining = length.checked_sub(5).ok_or(())?;
                    let Some(frame) = self.gather.take(input, 5) else { return Ok(Event::More) };
                    self.sized = true;
                    self.state = State::Body { remaining, scan: false };
                    return Ok(Event::Size {
                        width: be(&frame[3..5]) as u32,
                        height: be(&frame[1..3]) as u32,
                    });
                }
                State::Body { remaining, scan } => {
                    if !skip(input, remaining) {
                        return Ok(Event::More);
                    }
                    self.state = State::Seek { scan: *scan };
                }
            }
        }
    }
}
