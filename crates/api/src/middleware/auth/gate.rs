use std::sync::Arc;

use anyhow::Result;
use axum::http::HeaderMap;
use headshot_backend::api_keys::{Grant, Keys, KeysFile, Scopes};
use headshot_backend::{IdTokens, TokenRefused};
use jiff::Timestamp;

use super::bearer::{Credentials, Malformed, credentials};
use crate::config::Access;

/// Judges whoever comes.
pub(crate) struct Gate {
    /// `None` where no keys are configured; then no credentials are looked at either.
    keys: Option<Arc<KeysFile>>,
    /// `None` where no tokens are accepted.
    tokens: Option<IdTokens>,
    anonymous: Scopes,
}

/// Why somebody is not let in. Nothing that they sent is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// They have shown nothing, and that is not enough here.
    NoCredentials,
    /// Their header is none.
    Malformed,
    /// Nobody has this key, or not any more.
    InvalidKey,
    /// The token proves nothing to us, or speaks for nobody we know.
    InvalidToken(&'static str),
    /// Nothing can be said about the token, since the keys that such are signed with cannot be fetched. The reason is for
    /// the log.
    TokensUnavailable(String),
}

impl Gate {
    /// Reads the keys.
    ///
    /// # Errors
    /// The file cannot be read, or something is wrong with it.
    pub(crate) fn open(access: &Access) -> Result<Self> {
        let keys = access.keys_file.as_ref().map(KeysFile::open).transpose()?;
        let tokens =
            access.id_tokens.as_ref().map(|tokens| IdTokens::new(&tokens.audience, &tokens.keys_url));
        Ok(Self { keys, tokens, anonymous: access.anonymous })
    }

    /// The scopes of requests without credentials; none where a key is required.
    pub(super) fn anonymous(&self) -> Scopes {
        self.anonymous
    }

    /// What the file of keys says now, where there is one.
    pub(crate) async fn keys(&self) -> Option<Arc<Keys>> {
        match &self.keys {
            Some(file) => Some(file.current().await),
            None => None,
        }
    }

    /// What a request shows that is to be judged here.
    pub(super) fn shown<'a>(&self, headers: &'a HeaderMap) -> Result<Credentials<'a>, Refused> {
        if self.keys.is_none() {
            return Ok(Credentials::None);
        }
        credentials(headers).map_err(|Malformed| Refused::Malformed)
    }

    /// Whom a request speaks for; `None` is nobody in particular, where that is enough.
    pub(super) async fn admit(&self, shown: Credentials<'_>) -> Result<Option<Arc<Grant>>, Refused> {
        match (shown, &self.keys) {
            (Credentials::None, _) | (_, None) if self.anonymous.is_empty() => Err(Refused::NoCredentials),
            (Credentials::None, _) | (_, None) => Ok(None),
            (Credentials::Key(text), Some(keys)) => {
                let holder = keys.current().await.holder(text, Timestamp::now());
                holder.map(Some).ok_or(Refused::InvalidKey)
            }
            (Credentials::Token(token), Some(keys)) => {
                let tokens = self.tokens.as_ref().ok_or(Refused::InvalidKey)?;
                let email = tokens.email(token).await.map_err(|refused| match refused {
                    TokenRefused::Token(why) => Refused::InvalidToken(why),
                    TokenRefused::Keys(why) => Refused::TokensUnavailable(why),
                })?;
                let account = keys.current().await.service_account(&email);
                account.map(Some).ok_or(Refused::InvalidToken("nobody here knows its service account"))
            }
        }
    }
}
