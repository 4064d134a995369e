//! Who may call: keys, and the service accounts of other programs, in one JSON file. What else is set for
//! each tenant stands in the same file.
//!
//! ```json
//! {
//!   "tenants": {"acme": {"webhook": {"url": "https://shop.example/hooks", "secrets": ["whsec_…"]}}},
//!   "keys": [{
//!     "id": "k_8f3kq0c1d2e4", "tenant": "acme", "hash": "sha256:9f…", "scopes": ["submit", "read"],
//!     "rate_per_minute": 120, "monthly_quota": 100000, "label": "shop server",
//!     "created_at": "2026-01-01T00:00:00Z"
//!   }],
//!   "service_accounts": [{
//!     "email": "shop@acme.iam.gserviceaccount.com", "tenant": "acme", "scopes": ["submit", "read"]
//!   }]
//! }
//! ```
//!
//! A key is `hs_<id>_<secret>`, and only the SHA-256 of all of it is kept. A slow hash would bring nothing: it
//! protects secrets that people choose, of which there are few. A random secret of 256 bits is not found by
//! trying, and a slow hash at each request would let a client keep the service busy.

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
