//! Shops are told of their jobs' ends by the real programs, and the receivers of docs/webhooks.md take them.

mod deliveries;
mod receiver;
mod samples;
mod tls;

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use headshot_tests::Options;
use serde_json::json;
use tempfile::TempDir;

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const NEXT_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// The file of keys and tenants, in a folder of its own.
pub(crate) struct Tenants {
    _folder: TempDir,
    path: PathBuf,
}

impl Tenants {
    pub(crate) fn new(secrets: &[&str]) -> Result<Self> {
        let folder = TempDir::new()?;
        let tenants = Self { path: folder.path().join("keys.json"), _folder: folder };
        tenants.set(secrets)?;
        Ok(tenants)
    }

    /// Gives whoever has no key these secrets.
    pub(crate) fn set(&self, secrets: &[&str]) -> Result<()> {
        let file = json!({"tenants": {"anonymous": {"webhook": {"secrets": secrets}}}});
        // Renamed into its place, as an operator should: nobody reads half a file.
        let draft = self.path.with_extension("draft");
        fs::write(&draft, file.to_string())?;
        Ok(fs::rename(draft, &self.path)?)
    }

    /// An app that sends webhooks to this machine.
    pub(crate) fn options(&self) -> Options {
        let mut options = Options::default().both("API_KEYS_FILE", self.path.display());
        options.api.push(("ALLOW_ANONYMOUS", "true".into()));
        options.both("WEBHOOK_ALLOW_PRIVATE", "true").worker("WEBHOOK_RETRY_SECONDS", "1,1,1")
    }
}
