//! What a person may set, and what it means once checked.

mod push;
mod rendering;
mod webhooks;

use std::env;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use headshot_backend::settings::{
    Complaint, GCP, Given, Group, InvalidSettings, Listed, PROJECT_ID, Reader, STORE, backend,
    declare_settings, number, parsed, path, seconds, text, value_first,
};
use headshot_backend::{BackendSettings, ModelObject, PushSettings};

use crate::RemoteModel;
use rendering::{NOT_USABLE, cores};
pub use rendering::{RenderListing, RenderingConfig};
pub use webhooks::WebhooksConfig;

const DAY: u64 = 24 * 60 * 60;

declare_settings! {
    /// Where the small HTTP port listens.
    LISTENING under "":

    /// Address on which /livez, /readyz, /metrics and, if tasks are pushed, /pubsub/push are served
    HOST: IpAddr = parsed("must be an IP address such as 127.0.0.1 or 0.0.0.0", |text| text.parse().ok())
        .default("127.0.0.1").value("ADDRESS"),
    /// That address's port; 0 takes any free one
    PORT: u16 = parsed("must be a port number from 0 to 65535", |text| text.parse().ok())
        .default("8081").value("NUMBER"),
}

declare_settings! {
    /// How jobs are handled.
    JOBS under "":

    /// This process in records and logs; by default `w-` and some random letters
    WORKER_NAME: String = text().value("NAME"),
    /// Photos rendered at the same time. One keeps one core busy and takes up to 0.7 GB (48 megapixels). By
    /// default one per core but the last, which stays free for the API beside it, and at most 8
    WORKER_CONCURRENCY: usize = number(1..=256).value("NUMBER"),
    /// How long a claim on a job lasts unless it is renewed, which happens three times in that time. A job
    /// whose worker was killed is taken up again after so long
    JOB_LEASE_SECONDS: Duration = seconds(1..=DAY).default("30").value("SECONDS"),
    /// A job that takes longer than this counts as a failed attempt
    JOB_TIMEOUT_SECONDS: Duration = seconds(1..=DAY).default("180").value("SECONDS"),
    /// How often a job is tried before it is recorded as failed
    MAX_ATTEMPTS: u32 = number(1..=100).default("5").value("NUMBER"),
    /// How often to look for jobs that were accepted but whose task is nowhere to be found
    SWEEP_INTERVAL_SECONDS: Duration = seconds(1..=DAY).default("30").value("SECONDS"),
    /// How long a job must have been left alone before the sweep publishes its task again
    SWEEP_UNTOUCHED_SECONDS: Duration = seconds(1..=DAY).default("60").value("SECONDS"),
    /// How long SIGTERM waits for running jobs before it gives them back. Cloud Run kills after 10 seconds
    GRACE_SECONDS: Duration = seconds(0..=DAY).default("8").value("SECONDS"),
    /// Largest original that is read, as the API's own limit
    MAX_UPLOAD_BYTES: u64 = number(1..=1_000_000_000).default("50000000").value("BYTES"),
    /// Another matting model, fetched once from Cloud Storage: `gs://bucket/path#sha256=…`
    MATTING_MODEL_GCS: String = text().value("URL"),
    /// That model's SHA-256, if it is not part of the URL
    MATTING_MODEL_SHA256: String = text().value("HEX"),
    /// Folder that keeps fetched models; by default one for temporary files
    MODEL_CACHE_DIR: PathBuf = path().value("FOLDER"),
}

/// The settings of `run` and `doctor`.
#[derive(Clone, Debug)]
pub struct Listing;

impl Listed for Listing {
    const GROUPS: &'static [Group] =
        &[LISTENING, STORE, JOBS, rendering::RENDERING, GCP, push::PUSH, webhooks::WEBHOOKS];
    const COMPLAINT: Complaint = value_first;
    const INVALID: &'static str = NOT_USABLE;
}

/// What `run` and `doctor` were told. [`Config::new`] reads all of it and names every error at once.
pub type Settings = Given<Listing>;

/// The settings of `run` and `doctor`, read and found sensible.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the small HTTP port listens.
    pub listen: SocketAddr,
    /// Where photos, records and tasks live.
    pub backend: BackendSettings,
    /// Whose pushed tasks are taken; `None`: nobody's.
    pub push: Option<PushSettings>,
    /// How pictures are made.
    pub rendering: RenderingConfig,
    /// The model to fetch from Cloud Storage, in the place of the one that `rendering` names.
    pub remote_model: Option<RemoteModel>,
    /// How jobs are handled.
    pub jobs: JobsConfig,
    /// How webhooks are sent.
    pub webhooks: WebhooksConfig,
    /// How often the sweep runs.
    pub sweep_every: Duration,
    /// How long a job must have been left alone before the sweep touches it.
    pub sweep_untouched_for: Duration,
    /// How long running jobs may take once the process was asked to stop.
    pub grace: Duration,
}

/// The part of the settings that handling one job needs.
#[derive(Clone, Debug)]
pub struct JobsConfig {
    /// This process in records and logs.
    pub worker_name: String,
    /// Jobs handled at the same time.
    pub concurrency: usize,
    /// How long a claim lasts unless renewed; it is renewed every third of that.
    pub lease: Duration,
    /// A job that takes longer counts as a failed attempt.
    pub timeout: Duration,
    /// A job is tried so often at most.
    pub max_attempts: u32,
    /// Largest original that is read, in bytes.
    pub max_original_bytes: u64,
}

/// More than so many at once is only done when asked for: a 48-megapixel photo takes 0.7 GB while it is
/// rendered.
const MOST_CONCURRENT_BY_DEFAULT: usize = 8;

/// The Google Cloud project in which traces are looked up, where one is named.
pub fn project(settings: &Settings) -> Option<&str> {
    settings.text(&PROJECT_ID)
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// All that is wrong, not only the first of it.
    pub fn new(settings: &Settings) -> Result<Self, InvalidSettings> {
        settings.read(config)
    }

    /// Whether tasks are pulled. A worker to which they are pushed need not have anything to pull from.
    pub fn pulls(&self) -> bool {
        match &self.backend {
            BackendSettings::Local(_) => true,
            BackendSettings::Gcp(gcp) => gcp.subscription.is_some(),
        }
    }
}

fn config(read: &mut Reader) -> Config {
    // The worker hands out no URLs, so it needs no address for them.
    let mut backend = backend(read, !push::is_set(read), String::new());
    let jobs = jobs(read);
    // When a worker is killed, its task should come back when the claim on the record has lapsed, not just
    // before.
    let task_lease = jobs.lease + Duration::from_secs(1);
    match &mut backend {
        BackendSettings::Local(local) => local.task_lease = task_lease,
        BackendSettings::Gcp(gcp) => gcp.task_lease = task_lease,
    }
    Config {
        listen: SocketAddr::new(read.get(&HOST), read.get(&PORT)),
        push: push::push(read, &backend),
        rendering: rendering::rendering(read, read.is_set(&MATTING_MODEL_GCS)),
        remote_model: remote_model(read),
        jobs,
        webhooks: webhooks::webhooks(read, &backend),
        sweep_every: read.get(&SWEEP_INTERVAL_SECONDS),
        sweep_untouched_for: read.get(&SWEEP_UNTOUCHED_SECONDS),
        grace: read.get(&GRACE_SECONDS),
        backend,
    }
}

fn remote_model(read: &mut Reader) -> Option<RemoteModel> {
    let url = read.optional(&MATTING_MODEL_GCS)?;
    if read.is_set(&rendering::MATTING_MODEL_PATH) {
        read.wrong("MATTING_MODEL_GCS and MATTING_MODEL_PATH are both set; one model is used");
    }
    let cache = read.optional(&MODEL_CACHE_DIR).unwrap_or_else(|| env::temp_dir().join("headshot-models"));
    let sha256 = read.optional(&MATTING_MODEL_SHA256).unwrap_or_default();
    let object = ModelObject::parse(&url, &sha256);
    object.map_err(|error| read.wrong(error)).ok().map(|object| RemoteModel { object, cache })
}

fn jobs(read: &mut Reader) -> JobsConfig {
    // Each process has a name of its own, so that a restarted worker never takes its predecessor's claim
    // for its own.
    let random = || uuid::Uuid::new_v4().simple().to_string().chars().take(8).collect::<String>();
    let worker_name = read.optional(&WORKER_NAME).unwrap_or_else(|| format!("w-{}", random()));
    // Names stand in records and log fields; whatever is typed there should at least be short and printable.
    if worker_name.len() > 64 || worker_name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        read.wrong("WORKER_NAME must be at most 64 characters, without blanks");
    }
    let all_but_one = || (cores() - 1).clamp(1, MOST_CONCURRENT_BY_DEFAULT);
    JobsConfig {
        worker_name,
        concurrency: read.optional(&WORKER_CONCURRENCY).unwrap_or_else(all_but_one),
        lease: read.get(&JOB_LEASE_SECONDS),
        timeout: read.get(&JOB_TIMEOUT_SECONDS),
        max_attempts: read.get(&MAX_ATTEMPTS),
        max_original_bytes: read.get(&MAX_UPLOAD_BYTES),
    }
}
