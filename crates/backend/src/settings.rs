use std::path::PathBuf;
use std::time::Duration;

/// Which backend to use, with all that it needs to be reached.
#[derive(Clone, Debug)]
pub enum BackendSettings {
    /// One directory on this machine.
    Local(LocalSettings),
    /// Cloud Storage, Firestore and Pub/Sub.
    Gcp(GcpSettings),
}

impl BackendSettings {
    /// What tasks call the bucket of originals. The worker derives the blob from the job id; the name is there for
    /// people who look at a message.
    pub fn bucket_of_originals(&self) -> &str {
        match self {
            Self::Local(_) => "originals",
            Self::Gcp(gcp) => &gcp.bucket_original,
        }
    }
}

/// Settings of the local backend. Every process that is given the same directory shares its blobs, records and queue.
#[derive(Clone, Debug)]
pub struct LocalSettings {
    /// The directory; it is created if missing, readable by this user only.
    pub data_dir: PathBuf,
    /// What signed URLs begin with, without a slash at the end, such as `http://127.0.0.1:8080`. Empty gives URLs that
    /// are relative to the API's root.
    pub public_url: String,
    /// How long a delivery stays invisible to others unless it is extended.
    pub task_lease: Duration,
    /// The wait before the redelivery of a task that was refused once; it doubles with each attempt.
    pub retry_min: Duration,
    /// The longest such wait.
    pub retry_max: Duration,
}

impl LocalSettings {
    /// Settings for `data_dir` with the usual waits: a lease of 60 s, redelivery after 2 s to 2 min.
    pub fn new(data_dir: impl Into<PathBuf>, public_url: impl Into<String>) -> Self {
        Self {
            data_dir: data_dir.into(),
            public_url: public_url.into(),
            task_lease: Duration::from_secs(60),
            retry_min: Duration::from_secs(2),
            retry_max: Duration::from_secs(60),
        }
    }
}

/// Settings of the Google Cloud backend. The resources exist already; nothing is created here.
#[derive(Clone, Debug)]
pub struct GcpSettings {
    /// The project that owns all of it.
    pub project_id: String,
    /// The bucket of what customers sent.
    pub bucket_original: String,
    /// The bucket of what workers made.
    pub bucket_output: String,
    /// The Pub/Sub topic that tasks are published to, by its short name.
    pub topic: String,
    /// The subscription that workers pull from, by its short name. The API needs none.
    pub subscription: Option<String>,
    /// The topic for tasks that nobody can act on, by its short name. Without it they are left to the subscription's
    /// own dead-letter policy.
    pub dead_letter_topic: Option<String>,
    /// The Firestore database.
    pub firestore_database: String,
    /// The collection of job records.
    pub firestore_collection: String,
    /// How long a delivery stays with a worker that gives no more sign of life; between 10 s and 10 min.
    pub task_lease: Duration,
    /// `host:port` of a Pub/Sub emulator to use instead of Google's service, without credentials.
    pub pubsub_emulator: Option<String>,
    /// `host:port` of a Firestore emulator, likewise.
    pub firestore_emulator: Option<String>,
    /// `host:port` of something that speaks Cloud Storage's protocols, likewise.
    pub storage_emulator: Option<String>,
}

impl Default for GcpSettings {
    /// Google's own services, Firestore's default database, the collection `headshots` and a lease of 20 s; what has no
    /// sensible default is empty. The client extends leases every few seconds; a short one is what brings a task back soon
    /// from a stream that died unnoticed.
    fn default() -> Self {
        Self {
            project_id: String::new(),
            bucket_original: String::new(),
            bucket_output: String::new(),
            topic: String::new(),
            subscription: None,
            dead_letter_topic: None,
            firestore_database: "(default)".into(),
            firestore_collection: "headshots".into(),
            task_lease: Duration::from_secs(20),
            pubsub_emulator: None,
            firestore_emulator: None,
            storage_emulator: None,
        }
    }
}

/// Whose pushed messages are taken. Both names are what the push subscription was created with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushSettings {
    /// The audience of the tokens.
    pub audience: String,
    /// The e-mail address of the service account that the tokens speak for.
    pub service_account: String,
    /// Where the keys are published that tokens are signed with.
    pub keys_url: String,
}
