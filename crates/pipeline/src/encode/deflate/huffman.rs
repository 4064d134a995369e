//! Canonical Huffman codes of limited length, as deflate wants them (RFC 1951, 3.2.2).

/// A code: for each symbol its bits, the first one to be written lowest, and how many they are; none of them for a
/// symbol that is not used.
#[derive(Clone, Debug)]
pub struct Code<const SYMBOLS: usize> {
    /// The bits of each symbol.
    pub bits: [u16; SYMBOLS],
    /// Their number, 0 to 15.
    pub lengths: [u8; SYMBOLS],
}

impl<const SYMBOLS: usize> Code<SYMBOLS> {
    /// The code for symbols that occur so often, no longer than `limit` bits each. The code is complete whatever the
    /// counts are, as some decoders ask for: at least two symbols have bits.
    ///
    /// `1 << limit` must be at least `SYMBOLS`, and `limit` at most 15.
    pub fn for_counts(mut counts: [u32; SYMBOLS], limit: u8) -> Self {
        for symbol in 0..SYMBOLS {
            if counts.iter().filter(|&&count| count > 0).count() >= 2 {
                break;
            }
            counts[symbol] = counts[symbol].max(1);
        }
        let mut lengths = lengths(&counts);
        while lengths.iter().any(|&length| length > limit) {
            // Halving what occurs often flattens the tree; at the latest it is flat when all counts are 1. A shortest
            // code of this length would save some hundredths of a percent.
            counts = counts.map(|count| count.div_ceil(2));
            lengths = self::lengths(&counts);
        }
        Self { bits: canonical(&lengths), lengths }
    }
}

/// The depth of each symbol in Huffman's tree.
fn lengths<const SYMBOLS: usize>(counts: &[u32; SYMBOLS]) -> [u8; SYMBOLS] {
    let mut leaves: Vec<usize> = (0..SYMBOLS).filter(|&symbol| counts[symbol] > 0).collect();
    leaves.sort_by_key(|&symbol| counts[symbol]);
    // Nodes are the leaves in order, then the inner ones, whose weights come about in order, too: the two lightest are
    // always at the front of the one row or of the other.
    let mut weights: Vec<u64> = leaves.iter().map(|&symbol| u64::from(counts[symbol])).collect();
    let mut parents = vec![0; leaves.len()];
    let (mut leaf, mut inner) = (0, leaves.len());
    while weights.len() + 1 < 2 * leaves.len() {
        let parent = weights.len();
        let mut weight = 0;
        for _ in 0..2 {
            let leaf_is_lighter = leaf < leaves.len() && (inner == parent || weights[leaf] <= weights[inner]);
            let next = if leaf_is_lighter { &mut leaf } else { &mut inner };
            weight += weights[*next];
            parents[*next] = parent;
            *next += 1;
        }
        weights.push(weight);
        parents.push(0);
    }
    let mut depths = vec![0u8; weights.len()];
    for node in (0..weights.len().saturating_sub(1)).rev() {
        depths[node] = depths[parents[node]] + 1;
    }
    let mut lengths = [0; SYMBOLS];
    for (&symbol, &depth) in leaves.iter().zip(&depths) {
        lengths[symbol] = depth;
    }
    lengths
}

/// The bits that belong to the lengths: shorter codes first, and in the order of the symbols among those of one length.
fn canonical<const SYMBOLS: usize>(lengths: &[u8; SYMBOLS]) -> [u16; SYMBOLS] {
    let mut bits = [0; SYMBOLS];
    let mut next: u16 = 0;
    for length in 1..=15u8 {
        next <<= 1;
        for symbol in (0..SYMBOLS).filter(|&symbol| lengths[symbol] == length) {
            bits[symbol] = next.reverse_bits() >> (16 - length);
            next = next.wrapping_add(1);
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How much of the room for codes is taken, in units of the longest: a complete code takes all, `1 << 15`.
    fn room(lengths: &[u8]) -> u32 {
        lengths.iter().filter(|&&length| length > 0).map(|&length| 1 << (15 - length)).sum()
    }

    fn any_counts() -> impl Strategy<Value = [u32; 19]> {
        // Powers of two of any size make trees as deep as they get.
        prop::array::uniform19(prop_oneof![Just(0), 0..=9u32, (0..31u32).prop_map(|power| 1 << power)])
    }

    proptest! {
        #[test]
        fn any_code_is_complete_and_within_its_limit(counts in any_counts(), limit in 5..=15u8) {
            let code = Code::for_counts(counts, limit);
            prop_assert_eq!(room(&code.lengths), 1 << 15);
            prop_assert!(code.lengths.iter().all(|&length| length <= limit));
            prop_assert!((0..19).all(|symbol| counts[symbol] == 0 || code.lengths[symbol] > 0));
        }

        #[test]
        fn no_code_begins_another(counts in any_counts()) {
            let code = Code::for_counts(counts, 7);
            for a in 0..19 {
                for b in (0..19).filter(|&b| b != a && code.lengths[a] > 0 && code.lengths[b] >= code.lengths[a]) {
                    prop_assert_ne!(code.bits[a], code.bits[b] & ((1 << code.lengths[a]) - 1));
                }
            }
        }
    }

    #[test]
    fn what_occurs_more_often_is_shorter() {
        let code = Code::for_counts([45, 13, 12, 16, 9, 5], 15);
        assert_eq!(code.lengths, [1, 3, 3, 3, 4, 4]);
    }
}
