//! A deflate compressor (RFC 1950 and 1951) for rows of filtered pixels.
//!
//! In a portrait red, green and blue are one value, so a filtered pixel is one of few groups of bytes, and most groups
//! stood somewhere shortly before. To name the place where a group was seen last takes half the room of its bytes one by
//! one. So whole pixels are looked up and nothing else, in a table that knows one place for each: general compressors find
//! longer matches, but look at each byte for them. docs/encoding.md compares.

mod block;
mod huffman;

use simd_adler32::Adler32;

use block::{BlockWriter, LONGEST, Token};

/// How far back a match may lie, in bytes.
const WINDOW: usize = 1 << 15;
/// Pixels to a block, each of which has codes of its own: enough that the codes pay for being written, and few enough to
/// stay in the processor's cache.
const BLOCK_PIXELS: usize = 1 << 16;
/// The table of places, small enough for the processor's nearest cache.
const SLOT_BITS: u32 = 12;
/// Bytes are compared eight at a time, also from a row's last ones on.
const READ_AHEAD: usize = 8;

/// Takes rows of pixels of `PIXEL` bytes, 3 or 4, each row with its filter's byte in front, and makes a zlib stream.
pub struct Compressor<const PIXEL: usize> {
    /// Bytes of a row.
    stride: usize,
    /// [`WINDOW`] bytes that are compressed already, the rows of the current block, and [`READ_AHEAD`].
    buffer: Vec<u8>,
    /// Where the block's rows end, so far.
    end: usize,
    /// What to add to an index into the buffer for a place in the stream. Of place 0 nothing is known; it is too far back from
    /// the beginning.
    origin: u32,
    /// The place where a pixel was seen last.
    places: Box<[u32; 1 << SLOT_BITS]>,
    tokens: Vec<Token>,
    checksum: Adler32,
    stream: BlockWriter,
}

impl<const PIXEL: usize> Compressor<PIXEL> {
    /// A compressor of rows of `width` pixels.
    pub fn new(width: usize) -> Self {
        const {
            assert!(PIXEL == 3 || PIXEL == 4, "a match has three bytes at least, and a pixel is read as four")
        };
        let stride = 1 + width * PIXEL;
        let rows = (BLOCK_PIXELS / width.max(1)).max(1);
        Self {
            stride,
            buffer: vec![0; WINDOW + rows * stride + READ_AHEAD],
            end: WINDOW,
            origin: 1,
            places: Box::new([0; 1 << SLOT_BITS]),
            tokens: Vec::with_capacity(rows * (width + 1)),
            checksum: Adler32::new(),
            // A window of 32 KiB, compressed for speed (RFC 1950, 2.2).
            stream: BlockWriter::after(&[0x78, 0x01]),
        }
    }

    /// The next row, to be filled: its filter's byte, then its filtered pixels. It may hold anything before.
    pub fn row(&mut self) -> &mut [u8] {
        if self.end + self.stride + READ_AHEAD > self.buffer.len() {
            self.end_block(false);
        }
        let start = self.end;
        self.end += self.stride;
        &mut self.buffer[start..self.end]
    }

    /// The zlib stream of all rows.
    pub fn finish(mut self) -> Vec<u8> {
        self.end_block(true);
        let mut stream = self.stream.finish();
        stream.extend_from_slice(&self.checksum.finish().to_be_bytes());
        stream
    }

    fn end_block(&mut self, last: bool) {
        self.checksum.write(&self.buffer[WINDOW..self.end]);
        self.tokens.clear();
        for row in (WINDOW..self.end).step_by(self.stride) {
            self.find_matches(row);
        }
        self.stream.block(&self.tokens, last);
        // What was just compressed becomes the window of the next block.
        let forgotten = self.end - WINDOW;
        self.buffer.copy_within(forgotten..self.end, 0);
        self.origin = self.origin.wrapping_add(forgotten as u32);
        self.end = WINDOW;
    }

    /// Turns the row that begins at `start` into tokens.
    fn find_matches(&mut self, start: usize) {
        let Self { buffer, places, tokens, origin, stride, .. } = self;
        let (buffer, first, end) = (&buffer[..], start + 1, start + *stride);
        tokens.push(Token::literal(buffer[start]));
        let mut at = first;
        while at < end {
            let ahead = eight(buffer, at);
            // Where nothing changes, as outside the animal, long matches leave little to do. What stands before a row's
            // first pixel is not a pixel, and before the first row not even in the stream.
            if at > first && ahead == eight(buffer, at - PIXEL) {
                let length = run_length::<PIXEL>(buffer, at, end);
                tokens.push(Token::copy(length, PIXEL));
                at += length;
                continue;
            }
            let pixel = low_pixel::<PIXEL>(ahead);
            let here = origin.wrapping_add(at as u32);
            let place = &mut places[slot(pixel)];
            let distance = here.wrapping_sub(*place) as usize;
            *place = here;
            if distance <= WINDOW && low_pixel::<PIXEL>(eight(buffer, at - distance)) == pixel {
                tokens.push(Token::copy(PIXEL, distance));
            } else {
                tokens.extend(buffer[at..at + PIXEL].iter().map(|&byte| Token::literal(byte)));
            }
            at += PIXEL;
        }
    }
}

/// How many bytes of a row, in whole pixels and no more than one match takes, are the same from `at` on as one pixel
/// before, where that one pixel is known to be.
fn run_length<const PIXEL: usize>(buffer: &[u8], at: usize, end: usize) -> usize {
    let most = (end - at).min(LONGEST);
    let mut length = PIXEL;
    while length < most {
        let differing = eight(buffer, at + length) ^ eight(buffer, at + length - PIXEL);
        if differing != 0 {
            length += differing.trailing_zeros() as usize / 8;
            break;
        }
        length += 8;
    }
    let length = length.min(most);
    length - length % PIXEL
}

#[inline]
fn eight(buffer: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(buffer[at..][..8].try_into().unwrap_or_default())
}

#[inline]
fn low_pixel<const PIXEL: usize>(bytes: u64) -> u32 {
    bytes as u32 & (u32::MAX >> (32 - 8 * PIXEL))
}

/// Multiplicative hashing with the golden ratio.
#[inline]
fn slot(pixel: u32) -> usize {
    (pixel.wrapping_mul(0x9e37_79b1) >> (32 - SLOT_BITS)) as usize
}
