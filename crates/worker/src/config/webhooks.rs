//! How webhooks are sent.

use std::path::PathBuf;
use std::time::Duration;

use headshot_backend::BackendSettings;
use headshot_backend::settings::{Reader, declare_settings, parsed, path, seconds, webhook_reach};
use headshot_core::Reach;

declare_settings! {
    /// What the worker has to be told of webhooks.
    pub(super) WEBHOOKS under "Webhooks":

    /// File of keys and tenants, the same as the API's: the secrets that webhooks are signed with
    API_KEYS_FILE: PathBuf = path().value("FILE"),
    /// Seconds before each further attempt to deliver a webhook, separated by commas. After the last it is
    /// given up
    WEBHOOK_RETRY_SECONDS: Vec<Duration> =
        parsed("must be up to 19 whole numbers from 1 to 86400, separated by commas", retries)
            .default("5,300,1800,7200,18000,21600,36000").value("LIST"),
    /// How long one attempt may take, from looking up the name to the answer
    WEBHOOK_TIMEOUT_SECONDS: Duration = seconds(1..=60).default("15").value("SECONDS"),
}

/// The settings of webhooks, read and found sensible.
#[derive(Clone, Debug)]
pub struct WebhooksConfig {
    /// The file of keys and tenants.
    pub keys_file: Option<PathBuf>,
    /// The wait before each further attempt.
    pub retries: Vec<Duration>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Where webhooks may go.
    pub reach: Reach,
}

pub(super) fn webhooks(read: &mut Reader, backend: &BackendSettings) -> WebhooksConfig {
    WebhooksConfig {
        keys_file: read.optional(&API_KEYS_FILE),
        retries: read.get(&WEBHOOK_RETRY_SECONDS),
        timeout: read.get(&WEBHOOK_TIMEOUT_SECONDS),
        reach: webhook_reach(read, backend),
    }
}

fn retries(text: &str) -> Option<Vec<Duration>> {
    let seconds = text.split(',').map(|seconds| seconds.trim().parse().ok());
    let seconds = seconds.collect::<Option<Vec<u64>>>()?;
    // The log in the record keeps the last twenty attempts.
    let fits = seconds.len() <= 19 && seconds.iter().all(|n| (1..=86400).contains(n));
    fits.then(|| seconds.into_iter().map(Duration::from_secs).collect())
}
