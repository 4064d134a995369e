//! Folders that are damaged, of the future, or full: errors that name the place, and no more harm than there was.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use headshot_backend::BackendError;
use headshot_core::{BlobKey, JobId};
use rusqlite::Connection;
use tempfile::TempDir;

use super::support::{child, connect, files, folder_from_parent, record, refusal};

#[tokio::test]
async fn a_database_that_is_none_is_named() {
    let data = TempDir::new().unwrap();
    let database = data.path().join("headshot.sqlite3");
    fs::write(&database, b"this is a shopping list ".repeat(500)).unwrap();
    let refusal = refusal(data.path()).await;
    assert!(refusal.contains(database.to_str().unwrap()), "{refusal}");
    assert!(fs::read(&database).unwrap().starts_with(b"this is a shopping list"), "it is not overwritten");
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_left_alone() {
    let data = TempDir::new().unwrap();
    connect(data.path()).await;
    database(data.path()).execute_batch("PRAGMA user_version = 99").unwrap();
    let refusal = refusal(data.path()).await;
    assert!(refusal.contains("newer release") && refusal.contains("99"), "{refusal}");
}

#[tokio::test]
async fn a_damaged_record_is_an_error_and_does_not_stop_the_sweep() {
    let data = TempDir::new().unwrap();
    let jobs = connect(data.path()).await.jobs;
    let (damaged, whole) = (record(JobId::new()), record(JobId::new()));
    for record in [&damaged, &whole] {
        jobs.create(record).await.unwrap();
    }
    database(data.path())
        .execute("UPDATE jobs SET document = '{\"job_id\":' WHERE id = ?1", [damaged.job_id.to_string()])
        .unwrap();
    let error = jobs.get(damaged.job_id).await.unwrap_err();
    assert!(matches!(error, BackendError::Damaged(_)) && !error.is_retryable(), "{error:?}");
    assert!(format!("{error:#}").contains(&damaged.job_id.to_string()), "{error:#}");
    jobs.claim(damaged.job_id, "worker-1", Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(jobs.unfinished(Duration::ZERO, 10).await.unwrap(), [whole]);
}

#[tokio::test]
async fn a_file_that_was_taken_away_is_a_missing_blob() {
    let data = TempDir::new().unwrap();
    let blobs = connect(data.path()).await.blobs;
    let key = BlobKey::Original(JobId::new());
    blobs.put(key, "image/jpeg", "photo".into()).await.unwrap();
    fs::remove_file(data.path().join("blobs/originals").join(key.path())).unwrap();
    assert_eq!(blobs.get(key, 10).await.unwrap(), None);
}

/// The shell's limit on file sizes stands for a full disk: a write fails in the middle of a file.
#[tokio::test]
async fn a_full_disk_is_an_error_that_names_the_file_and_leaves_nothing() {
    let data = TempDir::new().unwrap();
    connect(data.path()).await;
    let child = child("local::damage::writes_to_a_full_disk", data.path());
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$@\"", "sh"])
        .arg(child.get_program())
        .args(child.get_args());
    shell.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(files(&data.path().join("tmp")), Vec::<std::path::PathBuf>::new());
    assert_eq!(files(&data.path().join("blobs")), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
#[ignore = "a child process of the test above"]
async fn writes_to_a_full_disk() {
    let Some(data) = folder_from_parent() else { return };
    let backend = connect(&data).await;
    let photo = Bytes::from(vec![7; 8 * 1024 * 1024]);
    let error = backend.blobs.put(BlobKey::Original(JobId::new()), "image/jpeg", photo).await.unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains(data.join("tmp").to_str().unwrap()), "{error}");
    // Small things still work, so the process is none the worse.
    backend.jobs.create(&record(JobId::new())).await.unwrap();
}

fn database(data: &Path) -> Connection {
    Connection::open(data.join("headshot.sqlite3")).unwrap()
}
