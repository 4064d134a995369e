//! Tokens that Google signs for a service account (OpenID Connect), and that say whom a program speaks for.

use std::fmt;

use super::signing_keys::{Keys, NoKey};
use super::token::{Expected, UnverifiedToken};

/// Verifies tokens for one audience.
pub struct IdTokens {
    expected: Expected,
    keys: Keys,
}

/// Why a token is not accepted. Nothing that came with it is repeated, as the text ends up in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenRefused {
    /// The token does not prove what it has to, or there is none.
    Token(&'static str),
    /// The keys could not be fetched, so that nothing can be said about the token.
    Keys(String),
}

impl IdTokens {
    /// Where Google publishes the keys of its tokens.
    pub const GOOGLE_KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";

    /// For tokens of this audience, signed with the keys that are published at `keys_url`. Nothing is fetched before the
    /// first token, or the first [`IdTokens::check`].
    pub fn new(audience: &str, keys_url: &str) -> Self {
        Self { expected: Expected::new(audience), keys: Keys::new(keys_url) }
    }

    /// Whether keys from there can be trusted: over the network without encryption they could be anybody's.
    pub fn is_trustworthy(keys_url: &str) -> bool {
        let local =
            keys_url.strip_prefix("http://127.0.0.1").is_some_and(|rest| rest.starts_with([':', '/']));
        local || keys_url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty())
    }

    /// The verified e-mail address of the service account that a token speaks for.
    ///
    /// # Errors
    /// The token is not one of Google's for this audience, or that cannot be told.
    pub async fn email(&self, token: &str) -> Result<String, TokenRefused> {
        let token = UnverifiedToken::read(token).map_err(TokenRefused::Token)?;
        let key = self.keys.get(token.key_id()).await.map_err(|no_key| match no_key {
            NoKey::Unknown => TokenRefused::Token("none of Google's keys has signed it"),
            NoKey::Unavailable(why) => TokenRefused::Keys(why),
        })?;
        token.verify(&key, &self.expected).map_err(TokenRefused::Token)
    }

    /// Whether the keys are at hand; fetches them if need be, within three seconds.
    ///
    /// # Errors
    /// Why they are not.
    pub async fn check(&self) -> Result<(), String> {
        self.keys.check().await
    }
}

impl fmt::Display for TokenRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(why) => write!(f, "the token is not accepted: {why}"),
            Self::Keys(why) => write!(f, "tokens cannot be verified: {why}"),
        }
    }
}

impl std::error::Error for TokenRefused {}
