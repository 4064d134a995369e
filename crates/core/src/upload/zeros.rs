//! Zeros in the place of a picture's data: what some file systems and transfers leave where a part did not arrive.

/// Counts zeros in a row over a stream that is cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Zeros {
    run: usize,
}

impl Zeros {
    /// The smallest block of a disk.
    pub(super) const BLOCK: usize = 512;

    /// Looks at the next bytes of the data. True when a block of zeros is among them.
    pub(super) fn block_in(&mut self, data: &[u8]) -> bool {
        data.iter().any(|byte| {
            self.run = if *byte == 0 { self.run + 1 } else { 0 };
            self.run >= Self::BLOCK
        })
    }

    /// Looks at the next bytes of the data. How many zeros it has ended with so far.
    pub(super) fn at_end(&mut self, data: &[u8]) -> usize {
        let zeros = data.iter().rev().take_while(|byte| **byte == 0).count();
        self.run = if zeros == data.len() { self.run + zeros } else { zeros };
        self.run
    }
}
