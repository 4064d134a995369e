//! What a person may set, and what it means once checked.

mod access;
mod admission;
mod check;
mod origin;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use axum::http::HeaderValue;
use clap::{Parser, Subcommand};
use headshot_backend::{BackendSettings, GcpArgs, LocalSettings};
use headshot_core::Reach;

use crate::cli::keys::KeysArgs;
pub use access::{Access, AccessArgs, IdTokenSettings};
pub use admission::{Admission, AdmissionArgs};
use check::Checks;

/// Takes photos of pets over HTTP and turns them into tasks for headshot-worker.
///
/// Every setting is a flag and an environment variable; the flag wins. An empty variable counts as not set.
#[derive(Clone, Debug, Parser)]
#[command(name = "headshot-api", version)]
pub struct Settings {
    #[command(subcommand)]
    command: Option<Command>,

    /// Address to listen on [default: 127.0.0.1, on Cloud Run 0.0.0.0]
    #[arg(long, env = "HOST", global = true)]
    host: Option<String>,

    /// TCP port to listen on; 0 takes a free one
    #[arg(long, env = "PORT", default_value = "8080", global = true)]
    port: String,

    /// Where photos, records and tasks are kept: local (one directory on this machine) or gcp (Google Cloud)
    #[arg(long, env = "BACKEND", default_value = "local")]
    backend: String,

    /// Directory of the local backend, shared with the worker
    #[arg(long, env = "DATA_DIR", default_value = ".data")]
    data_dir: String,

    /// What download links of the local backend begin with, as browsers reach this server [default: the
    /// address it listens on]
    #[arg(long, env = "PUBLIC_URL")]
    public_url: Option<String>,

    /// How long download links last, in seconds, an hour at most
    #[arg(long, env = "DOWNLOAD_URL_TTL", default_value = "3600")]
    download_url_ttl: String,

    /// How long upload links last, in seconds, an hour at most
    #[arg(long, env = "UPLOAD_URL_TTL", default_value = "900")]
    upload_url_ttl: String,

    /// Largest photo that may be put with an upload link, in bytes, 50 MB at most; the worker's MAX_UPLOAD_BYTES must be
    /// as large
    #[arg(long, env = "MAX_SIGNED_UPLOAD_BYTES", default_value = "50000000")]
    max_signed_upload_bytes: String,

    /// How long POST /headshot waits for the worker, in seconds
    #[arg(long, env = "SYNC_WAIT", default_value = "25")]
    sync_wait: String,

    /// Largest photo taken, in bytes, 50 MB at most
    #[arg(long, env = "MAX_UPLOAD_BYTES", default_value = "50000000")]
    max_upload_bytes: String,

    /// Photos received at the same time; further ones are asked to come back
    #[arg(long, env = "MAX_CONCURRENT_UPLOADS", default_value = "64")]
    max_concurrent_uploads: String,

    /// An upload that pauses for so many seconds is given up
    #[arg(long, env = "UPLOAD_IDLE_TIMEOUT", default_value = "30")]
    upload_idle_timeout: String,

    /// An upload that takes so many seconds altogether is given up
    #[arg(long, env = "UPLOAD_TIMEOUT", default_value = "300")]
    upload_timeout: String,

    /// Origins whose pages may call the API, separated by commas, such as `https://shop.example`, or
    /// `capacitor://localhost` for an app's web view; none by default
    #[arg(long, env = "ALLOWED_ORIGINS", default_value = "")]
    allowed_origins: String,

    /// true lets webhooks go to private addresses, to any port and without TLS: for development and tests on the local
    /// backend
    #[arg(long, env = "WEBHOOK_ALLOW_PRIVATE", default_value = "false", value_name = "true|false")]
    webhook_allow_private: String,

    /// Days after which a job's record may be deleted
    #[arg(long, env = "RECORD_TTL_DAYS", default_value = "90")]
    record_ttl_days: String,

    /// Seconds that requests under way are given at shutdown
    #[arg(long, env = "GRACE_SECONDS", default_value = "8")]
    grace_seconds: String,

    /// Set by Cloud Run; the local backend would lose every photo there.
    #[arg(long, env = "K_SERVICE", hide = true)]
    k_service: Option<String>,

    /// Set by Cloud Run; see `k_service`.
    #[arg(long, env = "CLOUD_RUN_WORKER_POOL", hide = true)]
    cloud_run_worker_pool: Option<String>,

    #[command(flatten)]
    access: AccessArgs,

    #[command(flatten)]
    admission: AdmissionArgs,

    #[command(flatten)]
    gcp: GcpArgs,
}

/// What else the binary does.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Asks the server on this machine whether it is alive, and exits with 0 or 1: for containers without a shell
    Healthcheck,
    /// Creates, lists and revokes keys
    Keys(KeysArgs),
    /// Prints the description of the API, OpenAPI 3.1, as GET /openapi.json serves it
    Openapi,
}

/// The settings, checked. What each means stands in [`Settings`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is documented where people set it, and --help prints it")]
pub struct Config {
    pub host: IpAddr,
    pub port: u16,
    pub backend: BackendSettings,
    pub download_url_ttl: Duration,
    pub upload_url_ttl: Duration,
    pub max_signed_upload_bytes: u64,
    pub sync_wait: Duration,
    pub max_upload_bytes: u64,
    pub max_concurrent_uploads: usize,
    pub upload_idle_timeout: Duration,
    pub upload_timeout: Duration,
    pub allowed_origins: Vec<HeaderValue>,
    pub webhook_reach: Reach,
    pub record_ttl: Duration,
    pub grace: Duration,
    pub access: Access,
    pub admission: Admission,
}

/// Everything that is wrong with the settings, one sentence each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSettings(pub Vec<String>);

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are not valid:")?;
        self.0.iter().try_for_each(|sentence| write!(f, "\n  - {sentence}"))
    }
}

impl std::error::Error for InvalidSettings {}

impl Settings {
    /// The Google Cloud project in which traces are looked up, where one is named.
    pub fn project(&self) -> Option<&str> {
        self.gcp.project()
    }

    /// What else than serving is asked for.
    pub fn command(&self) -> Option<&Command> {
        self.command.as_ref()
    }

    /// Where a server with these settings would be found; the other settings may be wrong.
    ///
    /// # Errors
    /// `HOST` or `PORT` is not valid.
    pub fn address(&self) -> Result<(IpAddr, u16), InvalidSettings> {
        let mut checks = Checks::default();
        let host = checks.host(self.host.as_deref(), self.on_cloud_run().is_some());
        let port = checks.number("PORT", &self.port, "8080", 0..=u64::from(u16::MAX));
        checks.finish().map(|()| (host, u16::try_from(port).unwrap_or_default()))
    }

    /// Checks everything.
    ///
    /// # Errors
    /// All that is wrong, not only the first thing.
    pub fn validate(&self) -> Result<Config, InvalidSettings> {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        const DAY: u64 = 24 * HOUR;
        let largest = headshot_core::upload::Limits::default().bytes;
        let mut checks = Checks::default();
        let host = checks.host(self.host.as_deref(), self.on_cloud_run().is_some());
        let port = checks.number("PORT", &self.port, "8080", 0..=u64::from(u16::MAX));
        let public_url = checks.public_url(self.public_url.as_deref());
        let local = LocalSettings::new(check::or_default(&self.data_dir, ".data"), public_url);
        let backend = checks.backend(&self.backend, self.on_cloud_run(), local, &self.gcp);
        let access = self.access.check(&backend, self.on_cloud_run().is_some(), &mut checks);
        let config = Config {
            host,
            port: u16::try_from(port).unwrap_or_default(),
            backend,
            download_url_ttl: checks.seconds("DOWNLOAD_URL_TTL", &self.download_url_ttl, "3600", 1..=HOUR),
            upload_url_ttl: checks.seconds("UPLOAD_URL_TTL", &self.upload_url_ttl, "900", 1..=HOUR),
            max_signed_upload_bytes: checks.number(
                "MAX_SIGNED_UPLOAD_BYTES",
                &self.max_signed_upload_bytes,
                "50000000",
                1..=largest,
            ),
            sync_wait: checks.seconds("SYNC_WAIT", &self.sync_wait, "25", 0..=5 * MINUTE),
            max_upload_bytes: checks.number(
                "MAX_UPLOAD_BYTES",
                &self.max_upload_bytes,
                "50000000",
                1..=largest,
            ),
            max_concurrent_uploads: usize::try_from(checks.number(
                "MAX_CONCURRENT_UPLOADS",
                &self.max_concurrent_uploads,
                "64",
                1..=1_000,
            ))
            .unwrap_or(1),
            upload_idle_timeout: checks.seconds(
                "UPLOAD_IDLE_TIMEOUT",
                &self.upload_idle_timeout,
                "30",
                1..=HOUR,
            ),
            upload_timeout: checks.seconds("UPLOAD_TIMEOUT", &self.upload_timeout, "300", 1..=HOUR),
            allowed_origins: checks.origins(&self.allowed_origins),
            webhook_reach: checks.webhook_reach(&self.webhook_allow_private, &self.backend),
            record_ttl: checks.seconds_of("RECORD_TTL_DAYS", &self.record_ttl_days, "90", 1..=3650, DAY),
            grace: checks.seconds("GRACE_SECONDS", &self.grace_seconds, "8", 0..=HOUR),
            access,
            admission: self.admission.check(self.on_cloud_run().is_some(), &mut checks),
        };
        checks.finish().map(|()| config)
    }

    fn on_cloud_run(&self) -> Option<&'static str> {
        let set = |value: &Option<String>| value.as_deref().is_some_and(|value| !value.is_empty());
        if set(&self.k_service) {
            Some("K_SERVICE")
        } else if set(&self.cloud_run_worker_pool) {
            Some("CLOUD_RUN_WORKER_POOL")
        } else {
            None
        }
    }
}
