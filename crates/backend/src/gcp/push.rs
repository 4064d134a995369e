//! Who may post to the worker: Pub/Sub, with a token that Google signed for the service account of the subscription.

mod keys;
mod token;

use std::fmt;

use crate::PushSettings;
use keys::{Keys, NoKey};
use token::{Expected, UnverifiedToken};

/// Tells Pub/Sub's requests from everybody else's by their tokens.
pub struct PushGate {
    expected: Expected,
    keys: Keys,
}

/// Why a request is not let in. Nothing that came with it is repeated, as the text ends up in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushRefused {
    /// The token does not prove what it has to, or there is none.
    Token(&'static str),
    /// The keys could not be fetched, so that nothing can be said about the token.
    Keys(String),
}

impl PushGate {
    /// Nothing is fetched before the first request, or the first [`PushGate::check`].
    pub fn new(settings: &PushSettings) -> Self {
        Self { expected: Expected::new(settings), keys: Keys::new(&settings.keys_url) }
    }

    /// Judges a request by its `Authorization` header.
    ///
    /// # Errors
    /// It is not from Pub/Sub, or that cannot be told.
    pub async fn admit(&self, authorization: Option<&str>) -> Result<(), PushRefused> {
        let token = UnverifiedToken::read(authorization).map_err(PushRefused::Token)?;
        let key = self.keys.get(token.key_id()).await.map_err(|no_key| match no_key {
            NoKey::Unknown => PushRefused::Token("none of Google's keys has signed it"),
            NoKey::Unavailable(why) => PushRefused::Keys(why),
        })?;
        token.verify(&key, &self.expected).map_err(PushRefused::Token)
    }

    /// Whether the keys are at hand; fetches them if need be, within three seconds.
    ///
    /// # Errors
    /// Why they are not.
    pub async fn check(&self) -> Result<(), String> {
        self.keys.check().await
    }
}

impl fmt::Display for PushRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(why) => write!(f, "the token is not accepted: {why}"),
            Self::Keys(why) => write!(f, "tokens cannot be verified: {why}"),
        }
    }
}

impl std::error::Error for PushRefused {}
