//! Keys as text, and what is kept of them.

use std::fmt::{self, Write};

use sha2::{Digest, Sha256};

use crate::error::{Context, Result};

/// What every key begins with, so that people and scanners for leaked secrets know one when they see it.
const PREFIX: &str = "hs_";

const SECRET_BYTES: usize = 32;

const ID_BYTES: usize = 8;

/// The SHA-256 of a key's whole text.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct KeyHash([u8; 32]);

/// A key just made. This is the only time that its text is known.
pub(super) struct FreshKey {
    pub(super) id: String,
    pub(super) text: String,
}

impl KeyHash {
    /// What is compared with where there is no such key; no text has this hash that anybody could find.
    pub(super) const NOBODYS: Self = Self([0; 32]);

    pub(super) fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// The other way round than its `Display`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?.as_bytes();
        let mut bytes = [0; 32];
        if hex.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            let &[high, low] = pair else { return None };
            *byte = nibble(high)? << 4 | nibble(low)?;
        }
        Some(Self(bytes))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

impl FreshKey {
    pub(super) fn make() -> Result<Self> {
        let id = format!("k_{}", random_hex::<ID_BYTES>()?);
        let text = format!("{PREFIX}{id}_{}", random_hex::<SECRET_BYTES>()?);
        Ok(Self { id, text })
    }
}

/// The id within a key's text; `None` if the text is no key.
pub(super) fn id(text: &str) -> Option<&str> {
    let (id, _secret) = text.strip_prefix(PREFIX)?.rsplit_once('_')?;
    Some(id)
}

/// Whether a key may be called that: ids stand in logs, in names of documents and in keys.
pub(super) fn is_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    (1..=64).contains(&text.len())
        && text.bytes().all(plain)
        && text.starts_with(|first: char| first.is_ascii_lowercase())
}

fn random_hex<const N: usize>() -> Result<String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context("the operating system gives no random numbers")?;
    Ok(bytes.iter().fold(String::with_capacity(2 * N), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_key_has_its_id_within_and_256_random_bits() {
        let (one, two) = (FreshKey::make().unwrap(), FreshKey::make().unwrap());
        assert_eq!(id(&one.text), Some(one.id.as_str()));
        assert!(is_id(&one.id));
        assert_ne!((&one.id, &one.text), (&two.id, &two.text));
        assert_eq!(one.text.rsplit_once('_').unwrap().1.len(), 2 * SECRET_BYTES);
    }

    #[test]
    fn a_hash_comes_back_from_its_text_and_nothing_else_is_one() {
        let hash = KeyHash::of("hs_k_1_2");
        let text = hash.to_string();
        assert_eq!(KeyHash::parse(&text), Some(hash.clone()));
        for wrong in
            [&text[..70], &text.to_uppercase(), &text.replace("sha256", "sha512"), "", &"ä".repeat(40)]
        {
            assert_eq!(KeyHash::parse(wrong), None, "{wrong}");
        }
        assert!(!format!("{hash:?}").contains(&text[7..20]));
    }

    #[test]
    fn what_is_no_key_has_no_id() {
        for text in ["", "hs_", "hs", "k_1_2", "hs_k", "HS_k_1", "ey.ey.sig"] {
            assert_eq!(id(text), None, "{text}");
        }
    }
}
