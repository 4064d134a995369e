//! WebP: the first chunk gives the size, the RIFF header the length.

use super::gather::{Gather, le, skip};
use super::inspector::Event;

#[derive(Debug)]
pub(super) struct WebP {
    state: State,
    gather: Gather,
}

#[derive(Debug)]
enum State {
    /// RIFF header, first chunk's header and its first ten bytes.
    Header,
    Body {
        remaining: u64,
    },
}

/// Twelve bytes of RIFF header, eight of the first chunk's, ten of its data: where all three kinds keep their size.
const HEADER: usize = 30;

impl WebP {
    pub(super) fn new() -> Self {
        Self { state: State::Header, gather: Gather::default() }
    }

    /// Walks on. `Err(())` for a structure no decoder can follow.
    pub(super) fn step(&mut self, input: &mut &[u8]) -> Result<Event, ()> {
        match &mut self.state {
            State::Header => {
                let Some(head) = self.gather.take(input, HEADER) else { return Ok(Event::More) };
                let (width, height) = size(&head).ok_or(())?;
                // The RIFF length counts from behind itself. One byte may be padding that writers forget.
                let length = le(&head[4..8]) & !1;
                self.state = State::Body { remaining: (length + 8).saturating_sub(HEADER as u64) };
                Ok(Event::Size { width, height })
            }
            State::Body { remaining } => {
                Ok(if skip(input, remaining) { Event::Complete } else { Event::More })
            }
        }
    }
}

fn size(head: &[u8]) -> Option<(u32, u32)> {
    let data = &head[20..];
    match &head[12..16] {
        // Frame tag (3 bytes), start code, two times 14 bits of size and 2 of scaling.
        b"VP8 " if data[3..6] == [0x9d, 0x01, 0x2a] => {
            Some(((le(&data[6..8]) & 0x3fff) as u32, (le(&data[8..10]) & 0x3fff) as u32))
        }
        b"VP8L" if data[0] == 0x2f => {
            let bits = le(&data[1..5]);
            Some(((bits & 0x3fff) as u32 + 1, (bits >> 14 & 0x3fff) as u32 + 1))
        }
        b"VP8X" => Some((le(&data[4..7]) as u32 + 1, le(&data[7..10]) as u32 + 1)),
        _ => None,
    }
}
