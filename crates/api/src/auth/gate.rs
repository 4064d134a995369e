use std::sync::Arc;

use anyhow::Result;
use axum::http::HeaderMap;
use headshot_backend::tenants::{Grant, Scopes, Tenants, TenantsFile};
use jiff::Timestamp;

use super::bearer::{Credentials, Malformed, credentials};
use crate::settings::Access;

/// Judges whoever comes.
pub(crate) struct Gate {
    /// `None` where no keys are configured; then no credentials are looked at either.
    tenants: Option<Arc<TenantsFile>>,
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
}

impl Gate {
    /// Reads the keys.
    ///
    /// # Errors
    /// The file cannot be read, or something is wrong with it.
    pub(crate) fn open(access: &Access) -> Result<Self> {
        let tenants = access.keys_file.as_ref().map(TenantsFile::open).transpose()?;
        Ok(Self { tenants, anonymous: access.anonymous })
    }

    /// What whoever shows nothing may do; nothing at all where a key is asked for.
    pub(super) fn anonymous(&self) -> Scopes {
        self.anonymous
    }

    /// What the file of keys and tenants says now, where there is one.
    pub(crate) async fn tenants(&self) -> Option<Arc<Tenants>> {
        match &self.tenants {
            Some(file) => Some(file.current().await),
            None => None,
        }
    }

    /// Whom a request speaks for; `None` is nobody in particular, where that is enough.
    pub(super) async fn admit(&self, headers: &HeaderMap) -> Result<Option<Arc<Grant>>, Refused> {
        let Some(tenants) = &self.tenants else { return Ok(None) };
        match credentials(headers)? {
            Credentials::None if self.anonymous.is_empty() => Err(Refused::NoCredentials),
            Credentials::None => Ok(None),
            Credentials::Key(text) => {
                let holder = tenants.current().await.holder(text, Timestamp::now());
                holder.map(Some).ok_or(Refused::InvalidKey)
            }
            Credentials::Token(_) => Err(Refused::InvalidKey),
        }
    }
}

impl From<Malformed> for Refused {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}
