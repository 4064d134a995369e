//! How a reader fails.

use std::fmt;

use headshot_core::upload::Refusal;

/// A reader's failure: a size that the header did not admit to, or the decoder's own words.
#[derive(Debug)]
pub(super) enum ReadError {
    Refused(Refusal),
    Decoder(String),
}

impl From<Refusal> for ReadError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl ReadError {
    pub(super) fn decoder(error: impl fmt::Display) -> Self {
        Self::Decoder(error.to_string())
    }
}
