use std::path::Path;
use std::process::{Command, Stdio};

use headshot_backend::{Backend, BackendSettings, LocalSettings};
use headshot_core::{JobId, JobRecord, TaskMessage, Upload};
use jiff::{SignedDuration, Timestamp};

/// Names the data directory to a test that runs as a child process.
const DATA_DIR: &str = "HEADSHOT_TEST_DATA_DIR";

pub fn settings(data: &Path) -> BackendSettings {
    BackendSettings::Local(LocalSettings::new(data, ""))
}

pub async fn connect(data: &Path) -> Backend {
    Backend::connect(&settings(data)).await.expect("the folder is fine")
}

/// Why a connection fails, with all its causes.
pub async fn refusal(data: &Path) -> String {
    match Backend::connect(&settings(data)).await {
        Ok(_) => panic!("a backend was made of {}", data.display()),
        Err(error) => format!("{error:#}"),
    }
}

/// A command that runs the ignored test `name` of this very binary as a process of its own.
pub fn child(name: &str, data: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test runs from a file"));
    command.args([name, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(DATA_DIR, data).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// In a child: the folder that its parent named. Without a parent there is nothing to do.
pub fn folder_from_parent() -> Option<std::path::PathBuf> {
    std::env::var_os(DATA_DIR).map(Into::into)
}

pub fn record(job_id: JobId) -> JobRecord {
    let now = Timestamp::now();
    let upload = Upload {
        file_name: None,
        content_type: "image/jpeg".into(),
        bytes: 1,
        sha256: "00".repeat(32),
        width: 800,
        height: 600,
    };
    JobRecord::accepted(job_id, upload, "headshot", now, now + SignedDuration::from_hours(24))
}

pub fn task(job_id: JobId) -> TaskMessage {
    TaskMessage {
        v: TaskMessage::VERSION,
        job_id,
        orig_bucket: "originals".into(),
        orig_key: format!("{job_id}/original"),
    }
}

/// Every file below `folder`.
pub fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in
        std::fs::read_dir(folder).expect("a readable folder").map(|entry| entry.expect("an entry").path())
    {
        if entry.is_dir() { found.extend(files(&entry)) } else { found.push(entry) }
    }
    found
}
