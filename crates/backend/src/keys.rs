//! Who may call: keys, and the service accounts of other programs, in one JSON file. What else is set for each tenant stands in
//! the same file and is read by whoever it concerns.
//!
//! ```json
//! {
//!   "tenants": {"acme": {"webhook": {"url": "https://shop.example/hooks", "secrets": ["whsec_…"]}}},
//!   "keys": [{
//!     "id": "k_8f3kq0c1d2e4", "tenant": "acme", "hash": "sha256:9f…", "scopes": ["submit", "read"],
//!     "rate_per_minute": 120, "monthly_quota": 100000, "created_at": "2026-01-01T00:00:00Z", "label": "shop server"
//!   }],
//!   "service_accounts": [{"email": "shop@acme.iam.gserviceaccount.com", "tenant": "acme", "scopes": ["submit", "read"]}]
//! }
//! ```
//!
//! A key is `hs_<id>_<secret>`. Only the SHA-256 of the whole of it is kept. That is enough, and a slow hash would bring
//! nothing: slow hashes make up for secrets that people choose, of which there are few; a secret of 256 random bits is not
//! found by trying, however fast one tries, while a slow hash at each request would be a way to keep the service busy.

mod edit;
mod file;
mod key;
mod parse;
mod scope;
mod secret;
mod webhook;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use headshot_core::Tenant;
use jiff::Timestamp;
use subtle::ConstantTimeEq;

pub use edit::{KeyInfo, KeysEdit, NewKey};
pub use file::KeysFile;
pub use scope::{Scope, Scopes};
pub use secret::{InvalidWebhookSecret, WebhookSecret};
pub use webhook::TenantWebhook;

use key::KeyHash;

/// The file at one moment.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    keys: HashMap<String, Key>,
    /// By their e-mail addresses.
    service_accounts: HashMap<String, Arc<Grant>>,
    tenants: BTreeMap<Tenant, TenantSettings>,
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
struct Key {
    hash: KeyHash,
    grant: Arc<Grant>,
    label: Option<String>,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

/// What is set for one tenant.
#[derive(Clone, Debug, Default)]
struct TenantSettings {
    webhook: Option<TenantWebhook>,
}

impl Keys {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidKeys> {
        parse::keys(text)
    }

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
    fn is_revoked(&self, now: Timestamp) -> bool {
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
