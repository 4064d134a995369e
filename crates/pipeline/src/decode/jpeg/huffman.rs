//! Huffman codes of a JPEG scan: enough of them to know how far its data reaches.

/// A Huffman table of a DHT segment.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// For each code length: the first code, the index of its symbol, and how many codes there are.
    lengths: [(u32, usize, u32); 16],
    symbols: Vec<u8>,
}

/// Reads the tables of one DHT segment: class and number as they are stored, and the table. Ends at a broken one.
pub(super) fn tables(mut body: &[u8]) -> impl Iterator<Item = (u8, Table)> {
    std::iter::from_fn(move || {
        let (id, rest) = body.split_first()?;
        let (counts, rest) = rest.split_first_chunk::<16>()?;
        let total = counts.iter().map(|n| usize::from(*n)).sum();
        let (symbols, rest) = rest.split_at_checked(total)?;
        body = rest;
        let mut lengths = [(0, 0, 0); 16];
        let (mut code, mut index) = (0_u32, 0);
        for (length, count) in lengths.iter_mut().zip(counts) {
            *length = (code, index, u32::from(*count));
            code = (code + u32::from(*count)) << 1;
            index += usize::from(*count);
        }
        Some((*id, Table { lengths, symbols: symbols.to_vec() }))
    })
}

/// Why a bit could not be read or a code not be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The data ends.
    End,
    /// No code of the table begins like this.
    BadCode,
}

/// Reads the bits between two restart markers. Skips stuffed zeros, and filling (0xff before 0xff).
#[derive(Debug)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    byte: u8,
    left: u8,
    spoilt: bool,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, byte: 0, left: 0, spoilt: false }
    }

    /// Bytes that were begun.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Whether there was a marker in the data, which was read as if it were none.
    pub(super) fn spoilt(&self) -> bool {
        self.spoilt
    }

    pub(super) fn bit(&mut self) -> Result<u32, Stop> {
        if self.left == 0 {
            self.byte = self.byte().ok_or(Stop::End)?;
            self.left = 8;
        }
        self.left -= 1;
        Ok(u32::from(self.byte >> self.left & 1))
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.data.get(self.at)?;
        self.at += 1;
        if byte == 0xff {
            while self.data.get(self.at) == Some(&0xff) {
                self.at += 1;
            }
            match self.data.get(self.at)? {
                0 => self.at += 1,
                _ => self.spoilt = true,
            }
        }
        Some(byte)
    }

    /// The number in the next `count` bits, at most 16.
    pub(super) fn number(&mut self, count: u8) -> Result<u32, Stop> {
        (0..count).try_fold(0, |number, _| Ok(number << 1 | self.bit()?))
    }

    pub(super) fn symbol(&mut self, table: &Table) -> Result<u8, Stop> {
        let mut code = 0;
        for (first, index, count) in table.lengths {
            code = code << 1 | self.bit()?;
            if code.wrapping_sub(first) < count {
                return table.symbols.get(index + (code - first) as usize).copied().ok_or(Stop::BadCode);
            }
        }
        Err(Stop::BadCode)
    }
}
