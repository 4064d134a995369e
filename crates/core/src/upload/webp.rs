//! WebP: the first chunk gives the size; the picture is whole when the chunk that holds it is.

use super::event::Event;
use super::gather::{Gather, le, skip};
use super::zeros::Zeros;

#[derive(Debug)]
pub(super) struct WebP {
    state: State,
    gather: Gather,
    zeros: Zeros,
    pixels: u64,
}

#[derive(Debug)]
enum State {
    /// RIFF header, first chunk's header and its first ten bytes.
    Header,
    /// The next chunk's name and size.
    Chunk,
    /// Sixteen bytes before the chunks of an animation's frame.
    Frame,
    /// A chunk's content and padding.
    Body { remaining: u64, kind: Kind },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Lossy,
    Lossless,
    Other,
}

/// Twelve bytes of RIFF header, eight of the first chunk's, ten of its data: where all three kinds keep their size.
const HEADER: usize = 30;

impl WebP {
    pub(super) fn new() -> Self {
        Self { state: State::Header, gather: Gather::default(), zeros: Zeros::default(), pixels: 0 }
    }

    /// Walks on. `Err(())` for a structure no decoder can follow.
    pub(super) fn step(&mut self, input: &mut &[u8]) -> Result<Event, ()> {
        loop {
            match &mut self.state {
                State::Header => {
                    let Some(head) = self.gather.take(input, HEADER) else { return Ok(Event::More) };
                    let (width, height) = size(&head).ok_or(())?;
                    self.pixels = u64::from(width) * u64::from(height);
                    self.state = body(&head[12..20], 10);
                    return Ok(Event::Size { width, height });
                }
                State::Chunk => {
                    let Some(head) = self.gather.take(input, 8) else { return Ok(Event::More) };
                    // Of an animation the first frame is used.
                    self.state = if &head[..4] == b"ANMF" { State::Frame } else { body(&head, 0) };
                }
                State::Frame => {
                    if self.gather.take(input, 16).is_none() {
                        return Ok(Event::More);
                    }
                    self.state = State::Chunk;
                }
                State::Body { remaining, kind } => {
                    let (before, now) = (*input, *remaining);
                    let passed = skip(input, remaining);
                    let zeros = match kind {
                        Kind::Lossy => self.zeros.at_end(&before[..(now - *remaining) as usize]),
                        // A picture of one colour is hardly anything else; the decoder tells.
                        Kind::Lossless | Kind::Other => 0,
                    };
                    match (passed, kind) {
                        (false, _) => return Ok(Event::More),
                        (true, Kind::Other) => self.state = State::Chunk,
                        (true, _) if zeros as u64 >= too_many_zeros(self.pixels) => return Ok(Event::Lost),
                        (true, _) => return Ok(Event::Complete),
                    }
                }
            }
        }
    }
}

/// A chunk's content, of which `seen` bytes came with its header. A picture's padding is nothing to wait for.
fn body(head: &[u8], seen: u64) -> State {
    let length = le(&head[4..8]);
    let kind = match &head[..4] {
        b"VP8 " => Kind::Lossy,
        b"VP8L" => Kind::Lossless,
        _ => Kind::Other,
    };
    let padding = if kind == Kind::Other { length & 1 } else { 0 };
    State::Body { remaining: (length + padding).saturating_sub(seen), kind }
}

/// Zeros at the end of lossy data that no encoder writes. Where the end of a picture is of one colour there
/// are some: 454 were seen for 12 megapixels.
fn too_many_zeros(pixels: u64) -> u64 {
    Zeros::BLOCK as u64 + pixels / 4_000
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
