mod reader;
mod rendering;
mod webhooks;

use std::env;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

use headshot_backend::{BackendSettings, GcpSettings, GcpUse, LocalSettings, ModelObject, PushSettings};
use reader::Reader;
pub use rendering::RenderingConfig;
use rendering::rendering;
use webhooks::webhooks;

use crate::{RemoteModel, Settings, WebhooksConfig};

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

/// Everything that is wrong with the settings.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<String>);

/// More than so many at once is only done when asked for: a 48-megapixel photo takes 0.7 GB while it is rendered.
const MOST_CONCURRENT_BY_DEFAULT: usize = 8;

/// Set by Cloud Run in services and in worker pools. Its disk is memory and dies with the instance: what the local
/// backend accepted there would be lost.
const CLOUD_RUN_MARKS: [&str; 2] = ["K_SERVICE", "CLOUD_RUN_WORKER_POOL"];

impl Config {
    /// Reads the settings; `is_set` says whether an environment variable exists, which is how Cloud Run is recognised.
    ///
    /// # Errors
    /// All that is wrong, not only the first of it.
    pub fn new(settings: &Settings, is_set: &dyn Fn(&str) -> bool) -> Result<Self, ConfigErrors> {
        let mut read = Reader::default();
        let host =
            read.parsed::<IpAddr>("HOST", &settings.host, "an IP address such as 127.0.0.1 or 0.0.0.0");
        let port = read.parsed::<u16>("PORT", &settings.port, "a port number from 0 to 65535");
        let mut config = Self {
            listen: SocketAddr::new(host.unwrap_or(IpAddr::from([127, 0, 0, 1])), port.unwrap_or_default()),
            backend: backend(&mut read, settings, is_set),
            push: push(&mut read, settings, is_set),
            rendering: rendering(
                &mut read,
                &settings.rendering,
                !settings.matting_model_gcs.trim().is_empty(),
            ),
            remote_model: remote_model(&mut read, settings),
            jobs: jobs(&mut read, settings),
            webhooks: webhooks(&mut read, &settings.webhooks, settings.backend == "local"),
            sweep_every: read.seconds("SWEEP_INTERVAL_SECONDS", &settings.sweep_interval_seconds, 1),
            sweep_untouched_for: read.seconds(
                "SWEEP_UNTOUCHED_SECONDS",
                &settings.sweep_untouched_seconds,
                1,
            ),
            grace: read.seconds("GRACE_SECONDS", &settings.grace_seconds, 0),
        };
        // When a worker is killed, its task should come back when the claim on the record has lapsed, not just before.
        let task_lease = config.jobs.lease + Duration::from_secs(1);
        match &mut config.backend {
            BackendSettings::Local(local) => local.task_lease = task_lease,
            BackendSettings::Gcp(gcp) => gcp.task_lease = task_lease,
        }
        read.finish(config)
    }

    /// Whether tasks are pulled. A worker to which they are pushed need not have anything to pull from.
    pub fn pulls(&self) -> bool {
        match &self.backend {
            BackendSettings::Local(_) => true,
            BackendSettings::Gcp(gcp) => gcp.subscription.is_some(),
        }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings are not usable:")?;
        self.0.iter().try_for_each(|error| write!(f, "\n  - {error}"))
    }
}

impl std::error::Error for ConfigErrors {}

fn backend(read: &mut Reader, settings: &Settings, is_set: &dyn Fn(&str) -> bool) -> BackendSettings {
    let on_cloud_run = cloud_run_mark(is_set);
    match settings.backend.as_str() {
        "gcp" => {
            let asked = GcpUse { subscribes: !settings.push.is_set(), on_cloud_run: on_cloud_run.is_some() };
            let checked = settings.gcp.check(asked).map_err(|wrong| read.errors.extend(wrong));
            return BackendSettings::Gcp(checked.unwrap_or_else(|()| GcpSettings::default()));
        }
        "local" => {
            if let Some(mark) = on_cloud_run {
                read.errors.push(format!(
                    "BACKEND is \"local\", but {mark} says that this is Cloud Run, where local files do not last; it \
                     must be \"gcp\" there"
                ));
            }
        }
        other => read.errors.push(format!("BACKEND is {other:?}; it must be \"local\" or \"gcp\"")),
    }
    if settings.data_dir.trim().is_empty() {
        read.errors.push("DATA_DIR is empty; it must name a folder".into());
    }
    // The worker hands out no URLs, so it needs no address for them.
    BackendSettings::Local(LocalSettings::new(&settings.data_dir, ""))
}

fn push(read: &mut Reader, settings: &Settings, is_set: &dyn Fn(&str) -> bool) -> Option<PushSettings> {
    if settings.push.is_set() && settings.backend != "gcp" {
        read.errors.push("PUSH_* is set, but only Pub/Sub pushes: BACKEND must be \"gcp\" then".into());
    }
    let checked = settings.push.check(cloud_run_mark(is_set).is_some());
    checked.unwrap_or_else(|wrong| {
        read.errors.extend(wrong);
        None
    })
}

fn cloud_run_mark(is_set: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    CLOUD_RUN_MARKS.into_iter().find(|name| is_set(name))
}

fn remote_model(read: &mut Reader, settings: &Settings) -> Option<RemoteModel> {
    let url = settings.matting_model_gcs.trim();
    if url.is_empty() {
        return None;
    }
    if !settings.rendering.matting_model_path.trim().is_empty() {
        read.errors.push("MATTING_MODEL_GCS and MATTING_MODEL_PATH are both set; one model is used".into());
    }
    let cache = match settings.model_cache_dir.trim() {
        "" => env::temp_dir().join("headshot-models"),
        folder => folder.into(),
    };
    let object = ModelObject::parse(url, &settings.matting_model_sha256);
    object.map_err(|error| read.errors.push(error)).ok().map(|object| RemoteModel { object, cache })
}

fn jobs(read: &mut Reader, settings: &Settings) -> JobsConfig {
    let worker_name = match settings.worker_name.trim() {
        "" => random_worker_name(),
        name => name.to_owned(),
    };
    // Names stand in records and log fields; whatever is typed there should at least be short and printable.
    if worker_name.len() > 64 || worker_name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        read.errors.push("WORKER_NAME must be at most 64 characters, without blanks".into());
    }
    JobsConfig {
        worker_name,
        concurrency: read.count_or("WORKER_CONCURRENCY", &settings.worker_concurrency, default_concurrency()),
        lease: read.seconds("JOB_LEASE_SECONDS", &settings.job_lease_seconds, 1),
        timeout: read.seconds("JOB_TIMEOUT_SECONDS", &settings.job_timeout_seconds, 1),
        max_attempts: read.whole("MAX_ATTEMPTS", &settings.max_attempts, 1, 100),
        max_original_bytes: read.whole("MAX_UPLOAD_BYTES", &settings.max_upload_bytes, 1, 1_000_000_000),
    }
}

fn cores() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

fn default_concurrency() -> usize {
    (cores() - 1).clamp(1, MOST_CONCURRENT_BY_DEFAULT)
}

/// Each process has a name of its own, so that a restarted worker never takes its predecessor's claim for its own.
fn random_worker_name() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("w-{}", random.get(..8).unwrap_or(&random))
}
