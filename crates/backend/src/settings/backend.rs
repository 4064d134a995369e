//! The backend that a program uses, and where it may send webhooks.

use std::path::PathBuf;
use std::time::Duration;

use headshot_core::Reach;

use super::gcp::{self, GcpSettings};
use super::reader::Reader;
use super::setting::{declare_settings, parsed, path, switch};

/// Which backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One directory on this machine.
    Local,
    /// Google Cloud.
    Gcp,
}

declare_settings! {
    /// Where everything is kept.
    pub STORE under "":

    /// Where photos, records and tasks are kept: local (one directory on this machine) or gcp (Google Cloud)
    BACKEND: Kind = parsed("must be local or gcp", kind).default("local"),
    /// Directory of the local backend, shared by the API and the worker
    DATA_DIR: PathBuf = path().default(".data").value("FOLDER"),
    /// true lets webhooks go to private addresses, to any port and without TLS: for development and tests
    /// on the local backend
    WEBHOOK_ALLOW_PRIVATE: bool = switch().default("false").value("true|false"),
}

/// Which backend to use, with all that it needs to be reached.
#[derive(Clone, Debug)]
pub enum BackendSettings {
    /// One directory on this machine.
    Local(LocalSettings),
    /// Cloud Storage, Firestore and Pub/Sub.
    Gcp(GcpSettings),
}

impl BackendSettings {
    /// What tasks call the bucket of originals. The worker derives the blob from the job id; the name is
    /// there for people who look at a message.
    pub fn bucket_of_originals(&self) -> &str {
        match self {
            Self::Local(_) => "originals",
            Self::Gcp(gcp) => &gcp.bucket_original,
        }
    }
}

/// Settings of the local backend. Every process that is given the same directory shares its blobs, records
/// and queue.
#[derive(Clone, Debug)]
pub struct LocalSettings {
    /// The directory; it is created if missing, readable by this user only.
    pub data_dir: PathBuf,
    /// What signed URLs begin with, without a slash at the end, such as `http://127.0.0.1:8080`. Empty
    /// gives URLs that are relative to the API's root.
    pub public_url: String,
    /// How long a delivery stays invisible to others unless it is extended.
    pub task_lease: Duration,
    /// The wait before the redelivery of a task that was refused once; it doubles with each attempt.
    pub retry_min: Duration,
    /// The longest such wait.
    pub retry_max: Duration,
}

impl LocalSettings {
    /// Settings for `data_dir` with the usual waits: a lease of 60 s, redelivery after 2 s to a minute.
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

/// The backend and all it needs. A program that pulls tasks `subscribes`; `public_url` is for download links.
pub fn backend(read: &mut Reader, subscribes: bool, public_url: String) -> BackendSettings {
    let kind = read.optional(&BACKEND);
    if kind == Some(Kind::Gcp) {
        return BackendSettings::Gcp(gcp::read(read, subscribes));
    }
    if let Some(mark) = read.on_cloud_run().filter(|_| kind.is_some()) {
        read.wrong(format!(
            "BACKEND is local, but {mark} says that this is Cloud Run, where local files are lost with each instance; it \
             must be gcp there"
        ));
    }
    BackendSettings::Local(LocalSettings::new(read.get(&DATA_DIR), public_url))
}

/// Where webhooks may go.
pub fn webhook_reach(read: &mut Reader, backend: &BackendSettings) -> Reach {
    if !read.get(&WEBHOOK_ALLOW_PRIVATE) {
        return Reach::Public;
    }
    if !matches!(backend, BackendSettings::Local(_)) {
        read.wrong(
            "WEBHOOK_ALLOW_PRIVATE is true, but BACKEND is not local: tenants could have any machine of the network called",
        );
    }
    Reach::Anywhere
}

fn kind(text: &str) -> Option<Kind> {
    match text {
        "local" => Some(Kind::Local),
        "gcp" => Some(Kind::Gcp),
        _ => None,
    }
}
