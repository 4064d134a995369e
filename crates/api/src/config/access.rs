//! Who may call, as people set it.

use std::path::PathBuf;

use clap::Args;
use headshot_backend::api_keys::Scopes;
use headshot_backend::{BackendSettings, IdTokens};

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

    /// Accepts Google-signed ID tokens for this audience, from the service accounts that API_KEYS_FILE lists
    #[arg(long, env = "ID_TOKEN_AUDIENCE", value_name = "URL")]
    id_token_audience: Option<String>,

    /// Where the keys of tokens are published, in the place of Google's, for tests; refused on Cloud Run
    #[arg(long, env = "ID_TOKEN_KEYS_URL", value_name = "URL")]
    id_token_keys_url: Option<String>,
}

/// Who may call.
#[derive(Clone, Debug)]
pub struct Access {
    /// Where the keys are; none are looked at without it.
    pub keys_file: Option<PathBuf>,
    /// What whoever shows no key may do.
    pub anonymous: Scopes,
    /// Which tokens are accepted beside keys.
    pub id_tokens: Option<IdTokenSettings>,
}

/// Which ID tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTokenSettings {
    /// What they must be for.
    pub audience: String,
    /// Where the keys are published that they are signed with.
    pub keys_url: String,
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
            (false, Some(true)) => Scopes::ALL_BUT_ADMIN,
            // Who has keys gives the files for print to those who hold one.
            (true, Some(true)) => Scopes::SUBMIT_AND_READ,
            (true, _) => Scopes::default(),
            (false, _) => {
                checks.wrong(
                    "API_KEYS_FILE is not set, so that nobody could call; set it, or ALLOW_ANONYMOUS to true if anybody \
                     who reaches this service may send photos",
                );
                Scopes::default()
            }
        };
        let id_tokens = self.id_tokens(keys_file.is_some(), on_cloud_run, checks);
        Access { keys_file: keys_file.map(PathBuf::from), anonymous, id_tokens }
    }

    fn id_tokens(&self, keys: bool, on_cloud_run: bool, checks: &mut Checks) -> Option<IdTokenSettings> {
        let set = |value: &Option<String>| {
            value.as_deref().map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let (audience, keys_url) = (set(&self.id_token_audience), set(&self.id_token_keys_url));
        if audience.is_some() && !keys {
            checks.wrong(
                "ID_TOKEN_AUDIENCE is set, but not API_KEYS_FILE, which lists whose tokens are accepted",
            );
        }
        if let Some(url) = &keys_url {
            if on_cloud_run {
                checks
                    .wrong("ID_TOKEN_KEYS_URL is set, but this is Cloud Run, where only Google's keys count");
            } else if audience.is_none() {
                checks.wrong(
                    "ID_TOKEN_KEYS_URL is set, but not ID_TOKEN_AUDIENCE, without which it means nothing",
                );
            } else if !IdTokens::is_trustworthy(url) {
                let rule = "must begin with https:// or with http://127.0.0.1";
                checks.wrong(format!("ID_TOKEN_KEYS_URL {rule}; it is {url:?}"));
            }
        }
        let keys_url = keys_url.unwrap_or_else(|| IdTokens::GOOGLE_KEYS.into());
        Some(IdTokenSettings { audience: audience?, keys_url })
    }
}
