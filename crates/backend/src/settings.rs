//! What the backend has to be told, and the kit with which both programs declare and read their settings:
//! [`declare_settings!`] says all there is to say of each, [`Given`] makes flags of them, and a [`Reader`]
//! reads them and names everything that is wrong at once.

mod backend;
mod cloud_run;
mod gcp;
mod reader;
mod setting;
#[cfg(test)]
mod tests;
mod tokens;

pub use backend::{BackendSettings, LocalSettings, STORE, backend, webhook_reach};
pub use gcp::{GCP, GcpSettings, PROJECT_ID};
pub use reader::{Complaint, Given, InvalidSettings, Listed, Reader, Wrong, rule_first, value_first};
pub use setting::{
    About, Group, Setting, days, declare_settings, number, parsed, path, seconds, switch, text, truth,
};
pub use tokens::{PushSettings, keys_published_at, keys_url};
