//! SHA-256 as it stands in records and tags.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The digest of what was hashed, in lower-case hex.
pub(crate) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
