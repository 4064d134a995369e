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
mod grants;
mod key;
mod parse;
mod scope;
mod secret;
mod webhook;

pub use edit::{KeyInfo, KeysEdit, NewKey};
pub use file::KeysFile;
pub use grants::{Grant, InvalidKeys, Keys};
pub use scope::{Scope, Scopes};
pub use secret::{InvalidWebhookSecret, WebhookSecret};
pub use webhook::TenantWebhook;
