//! Reading the content of boxes (ISO/IEC 14496-12).

use super::gather::be;

/// The child boxes of a box. Ends at the first one that does not fit.
pub(super) struct Children<'a>(pub &'a [u8]);

impl<'a> Iterator for Children<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = self.0.get(4..8)?.try_into().ok()?;
        let (header, size) = match be(&self.0[..4]) {
            0 => (8, self.0.len()),
            1 => (16, usize::try_from(be(self.0.get(8..16)?)).ok()?),
            size => (8, size as usize),
        };
        let content = self.0.get(header..size)?;
        self.0 = &self.0[size..];
        Some((kind, content))
    }
}

/// Reads numbers one behind the other.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl Fields<'_> {
    pub(super) fn number(&mut self, bytes: usize) -> Option<u64> {
        let (number, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(be(number))
    }
}
