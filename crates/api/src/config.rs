//! What a person may set, and what it means once checked.

mod access;
mod origin;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::http::{HeaderValue, Uri};
use clap::{Parser, Subcommand};
use headshot_backend::BackendSettings;
use headshot_backend::settings::{
    Complaint, GCP, Given, Group, InvalidSettings, Listed, PROJECT_ID, Reader, STORE, backend, days,
    declare_settings, number, parsed, rule_first, seconds, text, webhook_reach,
};
use headshot_core::Reach;
use headshot_core::upload::Limits;

use crate::cli::keys::KeysArgs;
pub use access::{Access, IdTokenSettings};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

declare_settings! {
    /// Where the server is found.
    LISTENING under "":

    /// Address to listen on
    HOST: IpAddr =
        parsed("must be an IP address or localhost", host).default("127.0.0.1").on_cloud_run("0.0.0.0").global(),
    /// TCP port to listen on; 0 takes a free one
    PORT: u16 = number(0..=65535).default("8080").global(),
}

declare_settings! {
    /// How the server serves.
    SERVING under "":

    /// What download links of the local backend begin with, as browsers reach this server
    PUBLIC_URL: String =
        parsed("must be an http or https URL without a query", public_url).by_default("the address it listens on"),
    /// How long download links last, in seconds, an hour at most
    DOWNLOAD_URL_TTL: Duration = seconds(1..=HOUR).default("3600"),
    /// How long upload links last, in seconds, an hour at most
    UPLOAD_URL_TTL: Duration = seconds(1..=HOUR).default("900"),
    /// Largest photo that may be put with an upload link, in bytes, 50 MB at most; the worker's
    /// MAX_UPLOAD_BYTES must be as large
    MAX_SIGNED_UPLOAD_BYTES: u64 = number(1..=Limits::BYTES).default("50000000"),
    /// How long POST /headshot waits for the worker, in seconds
    SYNC_WAIT: Duration = seconds(0..=5 * MINUTE).default("25"),
    /// Largest photo taken, in bytes, 50 MB at most
    MAX_UPLOAD_BYTES: u64 = number(1..=Limits::BYTES).default("50000000"),
    /// Photos received at the same time; further ones are asked to come back
    MAX_CONCURRENT_UPLOADS: usize = number(1..=1_000).default("64"),
    /// An upload that pauses for so many seconds is given up
    UPLOAD_IDLE_TIMEOUT: Duration = seconds(1..=HOUR).default("30"),
    /// An upload that takes so many seconds altogether is given up
    UPLOAD_TIMEOUT: Duration = seconds(1..=HOUR).default("300"),
    /// Origins whose pages may call the API, separated by commas, such as `https://shop.example`, or
    /// `capacitor://localhost` for an app's web view; none by default
    ALLOWED_ORIGINS: String = text(),
    /// Days after which a job's record may be deleted
    RECORD_TTL_DAYS: Duration = days(1..=3650).default("90"),
    /// Seconds that requests under way are given at shutdown
    GRACE_SECONDS: Duration = seconds(0..=HOUR).default("8"),
}

declare_settings! {
    /// Limits on those who call; those of a key are in the file of keys.
    ADMISSION under "How much is let in":

    /// Calls that make work, a minute, from one client address (of IPv6, from one /64); 0 is no limit
    RATE_LIMIT_PER_ADDRESS: u64 = number(0..=1_000_000).default("0").on_cloud_run("600").value("CALLS"),
    /// How many proxies in front are known to add the address that they are called from to X-Forwarded-For;
    /// on Cloud Run Google's own is one, and a load balancer before it is another one
    TRUSTED_PROXIES: usize = number(0..=10).default("0").on_cloud_run("1").value("NUMBER"),
    /// Photos are refused (503) while so many jobs wait for a worker; 0 is no limit
    MAX_BACKLOG: u64 = number(0..=1_000_000_000).default("0").value("JOBS"),
}

/// All of the API's settings.
#[derive(Clone, Debug)]
struct All;

impl Listed for All {
    const GROUPS: &'static [Group] = &[LISTENING, STORE, SERVING, access::ACCESS, ADMISSION, GCP];
    const COMPLAINT: Complaint = rule_first;
    const INVALID: &'static str = "the settings are not valid";
}

/// Takes photos of pets over HTTP and turns them into tasks for headshot-worker.
///
/// Every setting is a flag and an environment variable; the flag wins. An empty variable counts as not set.
#[derive(Clone, Debug, Parser)]
#[command(name = "headshot-api", version)]
pub struct Settings {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    given: Given<All>,
}

/// What else the binary does.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Asks the server on this machine whether it is alive, and exits with 0 or 1: for containers without a
    /// shell
    Healthcheck,
    /// Creates, lists and revokes keys
    Keys(KeysArgs),
    /// Prints the description of the API, OpenAPI 3.1, as GET /openapi.json serves it
    Openapi,
}

/// The settings, checked.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is documented where it is declared, and --help prints it")]
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

/// How much is let in.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    /// Calls that make work, a minute, from one address; 0 is no limit.
    pub per_address: u64,
    /// Proxies in front that say truly where a call comes from.
    pub trusted_proxies: usize,
    /// Jobs that may wait for a worker; 0 is no limit.
    pub max_backlog: u64,
}

impl Settings {
    /// The Google Cloud project in which traces are looked up, where one is named.
    pub fn project(&self) -> Option<&str> {
        self.given.text(&PROJECT_ID)
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
        self.given.read(|read| (read.get(&HOST), read.get(&PORT)))
    }

    /// Checks everything.
    ///
    /// # Errors
    /// All that is wrong, not only the first thing.
    pub fn validate(&self) -> Result<Config, InvalidSettings> {
        self.given.read(config)
    }
}

fn config(read: &mut Reader) -> Config {
    // Without one only the server knows, once it listens. Tasks are only published here, never pulled.
    let public_url = read.optional(&PUBLIC_URL).unwrap_or_default();
    let backend = backend(read, false, public_url);
    Config {
        host: read.get(&HOST),
        port: read.get(&PORT),
        download_url_ttl: read.get(&DOWNLOAD_URL_TTL),
        upload_url_ttl: read.get(&UPLOAD_URL_TTL),
        max_signed_upload_bytes: read.get(&MAX_SIGNED_UPLOAD_BYTES),
        sync_wait: read.get(&SYNC_WAIT),
        max_upload_bytes: read.get(&MAX_UPLOAD_BYTES),
        max_concurrent_uploads: read.get(&MAX_CONCURRENT_UPLOADS),
        upload_idle_timeout: read.get(&UPLOAD_IDLE_TIMEOUT),
        upload_timeout: read.get(&UPLOAD_TIMEOUT),
        allowed_origins: origin::listed(read, &ALLOWED_ORIGINS),
        webhook_reach: webhook_reach(read, &backend),
        record_ttl: read.get(&RECORD_TTL_DAYS),
        grace: read.get(&GRACE_SECONDS),
        access: access::read(read, &backend),
        admission: Admission {
            per_address: read.get(&RATE_LIMIT_PER_ADDRESS),
            trusted_proxies: read.get(&TRUSTED_PROXIES),
            max_backlog: read.get(&MAX_BACKLOG),
        },
        backend,
    }
}

fn host(text: &str) -> Option<IpAddr> {
    if text == "localhost" { Some(Ipv4Addr::LOCALHOST.into()) } else { text.parse().ok() }
}

fn public_url(text: &str) -> Option<String> {
    let text = text.trim_end_matches('/');
    let is_web = |uri: &Uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    };
    let fits = text.is_empty() || text.parse().is_ok_and(|uri| is_web(&uri) && uri.query().is_none());
    fits.then(|| text.into())
}
