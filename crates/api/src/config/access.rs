//! Who may call.

use std::path::PathBuf;

use headshot_backend::BackendSettings;
use headshot_backend::api_keys::Scopes;
use headshot_backend::settings::{Reader, declare_settings, keys_published_at, keys_url, path, switch, text};

declare_settings! {
    /// Keys, and whether there must be any.
    pub(super) ACCESS under "Who may call":

    /// JSON file of keys and tenants, as `headshot-api keys` writes it; it is read again when it changes.
    /// With it, requests without a key are refused unless ALLOW_ANONYMOUS is true
    API_KEYS_FILE: PathBuf = path().value("FILE"),
    /// Whether callers without a key are served, as the tenant `anonymous`
    ALLOW_ANONYMOUS: bool = switch()
        .by_default("true on the local backend without API_KEYS_FILE, else false").value("true|false"),
    /// Accepts Google-signed ID tokens for this audience, from the service accounts that API_KEYS_FILE lists
    ID_TOKEN_AUDIENCE: String = text().value("URL"),
    /// Where the keys of tokens are published, in the place of Google's, for tests; refused on Cloud Run
    ID_TOKEN_KEYS_URL: String = keys_url().value("URL"),
}

/// Who may call.
#[derive(Clone, Debug)]
pub struct Access {
    /// Where the keys are; none are looked at without it.
    pub keys_file: Option<PathBuf>,
    /// The scopes of requests without a key.
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

/// Reads who may call. On a developer's machine a service without keys allows everything.
///
/// Elsewhere it starts without keys only where ALLOW_ANONYMOUS says so, and never allows admin calls then.
pub(super) fn read(read: &mut Reader, backend: &BackendSettings) -> Access {
    let keys_file = read.optional(&API_KEYS_FILE);
    let at_home = read.on_cloud_run().is_none()
        && match backend {
            BackendSettings::Local(_) => true,
            BackendSettings::Gcp(gcp) => gcp.firestore_emulator.is_some(),
        };
    let anonymous = match (keys_file.is_some(), read.optional(&ALLOW_ANONYMOUS)) {
        (false, Some(true) | None) if at_home => Scopes::ALL,
        (false, Some(true)) => Scopes::ALL_BUT_ADMIN,
        // Where there are keys, the files for print are only for their holders.
        (true, Some(true)) => Scopes::SUBMIT_AND_READ,
        (true, _) => Scopes::default(),
        (false, _) => {
            read.wrong(
                "API_KEYS_FILE is not set, and every call would be refused; set it, or set ALLOW_ANONYMOUS to true if all who \
                 reach this service may send photos",
            );
            Scopes::default()
        }
    };
    Access { id_tokens: id_tokens(read, keys_file.is_some()), keys_file, anonymous }
}

fn id_tokens(read: &mut Reader, keys: bool) -> Option<IdTokenSettings> {
    let audience = read.optional(&ID_TOKEN_AUDIENCE);
    if audience.is_some() && !keys {
        read.wrong("ID_TOKEN_AUDIENCE is set, but not API_KEYS_FILE, which lists whose tokens are accepted");
    }
    if audience.is_none() && read.is_set(&ID_TOKEN_KEYS_URL) && read.on_cloud_run().is_none() {
        read.wrong("ID_TOKEN_KEYS_URL is set, but not ID_TOKEN_AUDIENCE, without which it means nothing");
        return None;
    }
    let keys_url = keys_published_at(read, &ID_TOKEN_KEYS_URL);
    Some(IdTokenSettings { audience: audience?, keys_url })
}
