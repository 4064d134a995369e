//! The two moves every walker makes over a stream that is cut anywhere: collect a few bytes, and pass over many.

/// Collects a small, fixed number of bytes across chunk borders.
#[derive(Debug, Default)]
pub(super) struct Gather {
    bytes: Vec<u8>,
}

impl Gather {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Moves bytes from `input` until `wanted` are there and hands them out; `None` when the input ran dry before.
    /// `wanted` must be bounded by the caller: it is what this keeps in memory.
    pub(super) fn take(&mut self, input: &mut &[u8], wanted: usize) -> Option<Vec<u8>> {
        let missing = wanted.saturating_sub(self.bytes.len());
        let (now, rest) = input.split_at(missing.min(input.len()));
        self.bytes.extend_from_slice(now);
        *input = rest;
        (self.bytes.len() >= wanted).then(|| std::mem::take(&mut self.bytes))
    }
}

/// Passes over up to `remaining` bytes of `input`; true when all of them are behind.
pub(super) fn skip(input: &mut &[u8], remaining: &mut u64) -> bool {
    let now = usize::try_from(*remaining).unwrap_or(usize::MAX).min(input.len());
    *input = &input[now..];
    *remaining -= now as u64;
    *remaining == 0
}

/// The big-endian number in up to eight bytes.
pub(super) fn be(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The little-endian number in up to eight bytes.
pub(super) fn le(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
