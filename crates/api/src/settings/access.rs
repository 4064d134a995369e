//! Who may call, as people set it.

use std::path::PathBuf;

use clap::Args;
use headshot_backend::BackendSettings;
use headshot_backend::tenants::Scopes;

use super::check::Checks;

/// Keys, and whether there must be any.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Who may call")]
pub struct AccessArgs {
    /// JSON file of keys and tenants, as `headshot-api keys` writes it; it is read again when it changes. With it, whoever
    /// shows no key is refused unless ALLOW_ANONYMOUS is true
    #[arg(long, env = "API_KEYS_FILE", value_name = "FILE")]
    api_keys_file: Option<String>,

    /// Whether callers without a key are served, as the tenant `anonymous` [default: true on the local backend without
    /// API_KEYS_FILE, else false]
    #[arg(long, env = "ALLOW_ANONYMOUS", value_name = "true|false")]
    allow_anonymous: Option<String>,
}

/// Who may call.
#[derive(Clone, Debug)]
pub struct Access {
    /// Where the keys are; none are looked at without it.
    pub keys_file: Option<PathBuf>,
    /// What whoever shows no key may do.
    pub anonymous: Scopes,
}

impl AccessArgs {
    /// Without keys the service is open on a developer's machine, to everything. Wherever photos are real it does not start
    /// like that by accident, and nobody without a key is ever an administrator.
    pub(super) fn check(&self, backend: &BackendSettings, on_cloud_run: bool, checks: &mut Checks) -> Access {
        let keys_file = self.api_keys_file.as_deref().map(str::trim).filter(|path| !path.is_empty());
        let at_home = !on_cloud_run
            && match backend {
                BackendSettings::Local(_) => true,
                BackendSettings::Gcp(gcp) => gcp.firestore_emulator.is_some(),
            };
        let allowed = checks.optional_switch("ALLOW_ANONYMOUS", self.allow_anonymous.as_deref());
        let anonymous = match (keys_file.is_some(), allowed) {
            (false, Some(true) | None) if at_home => Scopes::ALL,
            (_, Some(true)) => Scopes::ALL_BUT_ADMIN,
            (true, _) => Scopes::default(),
            (false, _) => {
                checks.wrong(
                    "API_KEYS_FILE is not set, so that nobody could call; set it, or ALLOW_ANONYMOUS to true if anybody \
                     who reaches this service may send photos",
                );
                Scopes::default()
            }
        };
        Access { keys_file: keys_file.map(PathBuf::from), anonymous }
    }
}
