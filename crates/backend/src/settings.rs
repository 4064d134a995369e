use std::path::PathBuf;
use std::time::Duration;

/// Which backend to use, with all that it needs to be reached.
#[derive(Clone, Debug)]
pub enum BackendSettings {
    /// One directory on this machine.
    Local(LocalSettings),
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
            retry_max: Duration::from_secs(120),
        }
    }
}
