//! Who calls, and what they may do.

use headshot_backend::api_keys::{Grant, Scope, Scopes};
use headshot_core::Tenant;

use super::error::AuthError;
use super::gate::Refused;

/// The sender of a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Whose jobs they see and make.
    pub(crate) tenant: Tenant,
    /// The id of their key, or the address of their service account; `None` where none is asked for.
    pub(crate) key_id: Option<String>,
    /// What they may do.
    pub(crate) scopes: Scopes,
}

impl Caller {
    pub(super) fn anonymous(scopes: Scopes) -> Self {
        Self { tenant: Tenant::anonymous(), key_id: None, scopes }
    }

    pub(super) fn holding(grant: &Grant) -> Self {
        Self { tenant: grant.tenant.clone(), key_id: Some(grant.id.clone()), scopes: grant.scopes }
    }

    /// Fails unless they may do this.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), AuthError> {
        match &self.key_id {
            _ if self.scopes.has(scope) => Ok(()),
            Some(_) => Err(AuthError::Forbidden(scope)),
            None => Err(AuthError::NotAdmitted(Refused::NoCredentials)),
        }
    }
}
