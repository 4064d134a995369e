//! Blocks of deflate with codes of their own (RFC 1951, 3.2.7), from literals and matches.

use super::huffman::Code;

/// Literals, the end of a block, and lengths of matches.
const LITERALS_AND_LENGTHS: usize = 286;
const END_OF_BLOCK: usize = 256;
const DISTANCES: usize = 30;
/// The symbols that the lengths of the two codes are written with. The last three stand for runs and are not used here:
/// without them these lengths take a hundred bytes of a block's many thousand.
const CODE_LENGTHS: usize = 19;
/// The order in which the lengths of the code of code lengths are written.
const CODE_LENGTH_ORDER: [usize; CODE_LENGTHS] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// The shortest and the longest match, in bytes.
const SHORTEST: usize = 3;
pub const LONGEST: usize = 258;
/// What one token takes at most: 15 + 5 bits for a length, 15 + 13 for a distance.
const TOKEN_BYTES: usize = 6;
/// What a block takes besides, and what is written beyond its end, at most.
const HEAD_BYTES: usize = 16 + (3 + 14 + 3 * CODE_LENGTHS + 7 * (LITERALS_AND_LENGTHS + DISTANCES)) / 8 + 16;

/// A literal byte; or a match: from the top its length, its distance's symbol (5 bits) and that one's extra bits (13).
#[derive(Clone, Copy)]
pub struct Token(u32);

impl Token {
    /// A byte as it is.
    #[inline]
    pub fn literal(byte: u8) -> Self {
        Self(byte.into())
    }

    /// `length` bytes, 3 to 258, that are the same as those `distance`, 1 to 32768, before.
    #[inline]
    pub fn copy(length: usize, distance: usize) -> Self {
        let (symbol, extra_bits, _) = logarithmic(distance as u32 - 1, 1);
        Self((length as u32) << 18 | symbol << 13 | extra_bits)
    }

    /// A match's length, its distance's symbol and extra bits; otherwise the byte.
    #[inline]
    fn read(self) -> Result<(usize, usize, u32), u8> {
        let length = (self.0 >> 18) as usize;
        if length == 0 {
            Err(self.0 as u8)
        } else {
            Ok((length, (self.0 >> 13 & 31) as usize, self.0 & 0x1fff))
        }
    }
}

/// Writes blocks, one after the other.
pub struct BlockWriter {
    stream: Vec<u8>,
    /// The block that is being written: room for all that it may take.
    room: Vec<u8>,
    /// Bits that fill no byte yet, the first one lowest, and their number.
    rest: (u64, u8),
}

impl BlockWriter {
    /// A stream that begins with these bytes.
    pub fn after(head: &[u8]) -> Self {
        Self { stream: head.to_vec(), room: Vec::new(), rest: (0, 0) }
    }

    /// The stream, padded to a whole byte.
    pub fn finish(mut self) -> Vec<u8> {
        let (pending, count) = self.rest;
        if count > 0 {
            self.stream.push(pending as u8);
        }
        self.stream
    }

    /// Writes a block; after the `last` one a reader stops.
    pub fn block(&mut self, tokens: &[Token], last: bool) {
        let room = HEAD_BYTES + tokens.len() * TOKEN_BYTES;
        if self.room.len() < room {
            self.room.resize(room, 0);
        }
        let (pending, count) = self.rest;
        let mut bits = Bits { room: &mut self.room, written: 0, pending, count };
        let (literals_and_lengths, distances) = codes(tokens);
        bits.put(u64::from(last) | 0b10 << 1, 3);
        bits.put_lengths(&literals_and_lengths.lengths, &distances.lengths);
        let (lengths, distances) = (length_bits(&literals_and_lengths), distance_bits(&distances));
        for token in tokens {
            match token.read() {
                Err(byte) => bits.put_symbol(&literals_and_lengths, byte.into()),
                Ok((length, symbol, extra_bits)) => {
                    let (length, distance) = (lengths[length], distances[symbol]);
                    let extra_bits = u64::from(extra_bits) << distance.extra_from;
                    bits.put(
                        u64::from(length.bits) | (u64::from(distance.bits) | extra_bits) << length.count,
                        length.count + distance.count,
                    );
                }
            }
        }
        bits.put_symbol(&literals_and_lengths, END_OF_BLOCK);
        self.rest = (bits.pending, bits.count);
        let written = bits.written;
        self.stream.extend_from_slice(&self.room[..written]);
    }
}

/// Bits on their way into bytes. A value of its own, so that it lives in registers.
struct Bits<'a> {
    room: &'a mut [u8],
    /// Whole bytes.
    written: usize,
    /// Bits that fill no byte yet, and their number, less than 8 between two calls.
    pending: u64,
    count: u8,
}

impl Bits<'_> {
    /// Writes the two codes, of which their lengths are enough.
    fn put_lengths(&mut self, literals_and_lengths: &[u8], distances: &[u8]) {
        let lengths = || literals_and_lengths.iter().chain(distances).map(|&length| usize::from(length));
        let mut counts = [0; CODE_LENGTHS];
        lengths().for_each(|length| counts[length] += 1);
        let code = Code::for_counts(counts, 7);
        self.put((LITERALS_AND_LENGTHS - 257) as u64, 5);
        self.put((DISTANCES - 1) as u64, 5);
        self.put((CODE_LENGTHS - 4) as u64, 4);
        for symbol in CODE_LENGTH_ORDER {
            self.put(code.lengths[symbol].into(), 3);
        }
        lengths().for_each(|length| self.put_symbol(&code, length));
    }

    #[inline(always)]
    fn put_symbol<const SYMBOLS: usize>(&mut self, code: &Code<SYMBOLS>, symbol: usize) {
        self.put(code.bits[symbol].into(), code.lengths[symbol]);
    }

    /// Appends up to 56 bits.
    #[inline(always)]
    fn put(&mut self, bits: u64, count: u8) {
        self.pending |= bits << self.count;
        self.count += count;
        self.room[self.written..][..8].copy_from_slice(&self.pending.to_le_bytes());
        let bytes = self.count / 8;
        self.written += usize::from(bytes);
        self.pending >>= bytes * 8;
        self.count %= 8;
    }
}

/// The codes that fit a block.
fn codes(tokens: &[Token]) -> (Code<LITERALS_AND_LENGTHS>, Code<DISTANCES>) {
    let mut literals_and_lengths = [0; LITERALS_AND_LENGTHS];
    // Most tokens are alike, and to count two at once in one place takes twice the time.
    let mut lengths = [[0; LONGEST + 1]; 2];
    let mut distances = [[0; 32]; 2];
    let mut count = |token: Token, turn: usize| match token.read() {
        Err(byte) => literals_and_lengths[usize::from(byte)] += 1,
        Ok((length, symbol, _)) => {
            lengths[turn][length] += 1;
            distances[turn][symbol] += 1;
        }
    };
    let (twos, rest) = tokens.as_chunks::<2>();
    for two in twos {
        count(two[0], 0);
        count(two[1], 1);
    }
    rest.iter().for_each(|&token| count(token, 0));
    let distances = std::array::from_fn(|symbol| distances[0][symbol] + distances[1][symbol]);
    for length in SHORTEST..=LONGEST {
        literals_and_lengths[length_symbol(length).0] += lengths[0][length] + lengths[1][length];
    }
    literals_and_lengths[END_OF_BLOCK] = 1;
    (Code::for_counts(literals_and_lengths, 15), Code::for_counts(distances, 15))
}

/// What a length or a distance is written as.
#[derive(Clone, Copy)]
struct Written {
    /// The symbol's bits; for a length with its extra bits above them.
    bits: u32,
    /// How many they are, all extra bits included.
    count: u8,
    /// Where a distance's extra bits begin.
    extra_from: u8,
}

/// What each length of a match is written as; there is none below [`SHORTEST`].
fn length_bits(code: &Code<LITERALS_AND_LENGTHS>) -> [Written; LONGEST + 1] {
    std::array::from_fn(|length| {
        let (symbol, extra_bits, extra_count) = length_symbol(length.max(SHORTEST));
        let (bits, extra_from) = (u32::from(code.bits[symbol]), code.lengths[symbol]);
        Written { bits: bits | extra_bits << extra_from, count: extra_from + extra_count, extra_from }
    })
}

/// What each distance symbol is written as. There are 30; two more that never occur spare a check for each match.
fn distance_bits(code: &Code<DISTANCES>) -> [Written; 32] {
    std::array::from_fn(|symbol| {
        let known = symbol.min(DISTANCES - 1);
        let extra_count = (known as u8 / 2).saturating_sub(1);
        let extra_from = code.lengths[known];
        Written { bits: code.bits[known].into(), count: extra_from + extra_count, extra_from }
    })
}

/// The symbol of a match's length, its extra bits, and their number (RFC 1951, 3.2.5).
fn length_symbol(length: usize) -> (usize, u32, u8) {
    if length == LONGEST {
        return (285, 0, 0);
    }
    let (step, extra_bits, extra_count) = logarithmic((length - SHORTEST) as u32, 2);
    (257 + step as usize, extra_bits, extra_count)
}

/// On a scale with `1 << fraction` steps to each power of two: the step of a value, where in the step it lies, and the
/// number of bits that this takes. Lengths and distances are written so (RFC 1951, 3.2.5).
#[inline]
fn logarithmic(value: u32, fraction: u32) -> (u32, u32, u8) {
    // Below the first power that has all its steps each value is one; setting that power's bit leaves them as they are.
    let extra = (value | 1 << fraction).ilog2() - fraction;
    let step = (extra << fraction) + (value >> extra);
    (step, value & ((1 << extra) - 1), extra as u8)
}
