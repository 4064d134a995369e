//! What is configured for each tenant, in the one file that holds the keys too.
//!
//! ```json
//! {"tenants": {"acme": {"webhook": {"url": "https://shop.example/hooks", "secrets": ["whsec_…"]}}}}
//! ```

mod file;
mod secret;
mod webhook;

pub use file::TenantsFile;
pub use secret::{InvalidWebhookSecret, WebhookSecret};
pub use webhook::{InvalidTenants, TenantWebhook, TenantWebhooks};
