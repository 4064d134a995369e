use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use headshot_core::Tenant;
use jiff::Timestamp;
use subtle::ConstantTimeEq;

use super::key::{self, KeyHash};
use super::scope::Scopes;
use super::webhook::TenantWebhook;
use crate::error::always;

/// The file at one moment.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    pub(super) keys: HashMap<String, Key>,
    /// By their e-mail addresses.
    pub(super) service_accounts: HashMap<String, Arc<Grant>>,
    pub(super) tenants: BTreeMap<Tenant, TenantSettings>,
}

/// What whoever holds a key, or speaks for a service account, may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The key's id or the service account's address; neither is a secret.
    pub id: String,
    /// Whose jobs these are.
    pub tenant: Tenant,
    /// Which calls are allowed.
    pub scopes: Scopes,
    /// How many calls that make work are taken a minute; `None` is as many as come.
    pub rate_per_minute: Option<u32>,
    /// How many photos are taken in a calendar month (UTC); `None` is as many as come.
    pub monthly_quota: Option<u64>,
}

/// What is wrong with the file: a sentence for each thing. None repeats a value, as the file holds secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidKeys(pub Vec<String>);

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) hash: KeyHash,
    pub(super) grant: Arc<Grant>,
    pub(super) label: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) revoked_at: Option<Timestamp>,
}

/// What is set for one tenant.
#[derive(Clone, Debug, Default)]
pub(super) struct TenantSettings {
    pub(super) webhook: Option<TenantWebhook>,
}

impl Keys {
    /// Who holds this key; `None` if nobody does, or no more.
    ///
    /// An unknown id takes the same time as a wrong secret: the presented text is hashed and compared either way, and no
    /// comparison ends at the first byte that differs.
    pub fn holder(&self, presented: &str, now: Timestamp) -> Option<Arc<Grant>> {
        let found = key::id(presented).and_then(|id| self.keys.get(id));
        let expected = found.map_or(&KeyHash::NOBODYS, |key| &key.hash);
        let matches = bool::from(expected.as_bytes().ct_eq(KeyHash::of(presented).as_bytes()));
        let key = found.filter(|_| matches)?;
        (!key.is_revoked(now)).then(|| key.grant.clone())
    }

    /// What the service account of this e-mail address may do.
    pub fn service_account(&self, email: &str) -> Option<Arc<Grant>> {
        self.service_accounts.get(email).cloned()
    }

    /// Where this tenant wants to be told of its jobs, and what that is signed with.
    pub fn webhook(&self, tenant: &Tenant) -> Option<&TenantWebhook> {
        self.tenants.get(tenant)?.webhook.as_ref()
    }

    /// How many keys there are that are not revoked, and how many service accounts.
    pub fn count(&self, now: Timestamp) -> (usize, usize) {
        (self.keys.values().filter(|key| !key.is_revoked(now)).count(), self.service_accounts.len())
    }
}

impl Key {
    /// A date to come is the end of a key that is being replaced.
    pub(super) fn is_revoked(&self, now: Timestamp) -> bool {
        self.revoked_at.is_some_and(|at| at <= now)
    }
}

impl fmt::Display for InvalidKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 50;
        f.write_str("the keys are not valid:")?;
        self.0.iter().take(MOST).try_for_each(|sentence| write!(f, "\n  - {sentence}"))?;
        match self.0.len().saturating_sub(MOST) {
            0 => Ok(()),
            more => write!(f, "\n  - and {more} more"),
        }
    }
}

impl std::error::Error for InvalidKeys {}

always!(Damaged: InvalidKeys);
