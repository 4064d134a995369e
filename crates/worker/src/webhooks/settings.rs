use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use headshot_core::Reach;

/// What the worker has to be told of webhooks, as text: from flags, else from the environment, else the default.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Webhooks")]
pub struct WebhookArgs {
    /// File of keys and tenants, the same as the API's: the secrets that webhooks are signed with
    #[arg(long, env = "API_KEYS_FILE", default_value = "", value_name = "FILE", hide_default_value = true)]
    pub api_keys_file: String,

    /// Seconds before each further attempt to deliver a webhook, separated by commas. After the last it is given up
    #[arg(
        long,
        env = "WEBHOOK_RETRY_SECONDS",
        default_value = "5,300,1800,7200,18000,21600,36000",
        value_name = "LIST"
    )]
    pub webhook_retry_seconds: String,

    /// How long one attempt may take, from looking up the name to the answer
    #[arg(long, env = "WEBHOOK_TIMEOUT_SECONDS", default_value = "15", value_name = "SECONDS")]
    pub webhook_timeout_seconds: String,

    /// true lets webhooks go to private addresses, to any port and without TLS: for development and tests on the local
    /// backend
    #[arg(long, env = "WEBHOOK_ALLOW_PRIVATE", default_value = "false", value_name = "true|false")]
    pub webhook_allow_private: String,
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
