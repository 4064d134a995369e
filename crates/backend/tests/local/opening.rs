//! Opening the folder: by many at once, with its key, its left-overs and its permissions.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use headshot_backend::DownloadRefused;
use headshot_core::{BlobKey, JobId, Rendition};
use tempfile::TempDir;

use super::support::{child, connect, folder_from_parent, refusal, task};

const LONG: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_tasks_and_four_processes_open_a_fresh_folder_at_once() {
    let parent = TempDir::new().unwrap();
    let data = parent.path().join("not/there/yet");
    let children: Vec<_> =
        (0..4).map(|_| child("local::opening::opens_and_signs", &data).spawn().unwrap()).collect();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let data = data.clone();
            tokio::spawn(async move { connect(&data).await })
        })
        .collect();
    let mut backends = Vec::new();
    for task in tasks {
        backends.push(task.await.unwrap());
    }
    // All of them have one key: what one signs, every other honours.
    let key = BlobKey::Artefact(JobId::new(), Rendition::Preview);
    for signing in &backends {
        let url = signing.blobs.signed_url(key, LONG).await.unwrap();
        for checking in &backends {
            assert_eq!(verify(checking, &url), Ok(key));
        }
    }
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let url =
            text.split_whitespace().find(|word| word.starts_with("/files/")).expect("the child prints a URL");
        assert!(verify(&backends[0], url).is_ok());
    }
    assert_eq!(backends[0].check().await.parts().map(|(_, state)| state.clone()), [Ok(()), Ok(()), Ok(())]);
}

#[tokio::test]
#[ignore = "a child process of the test above"]
async fn opens_and_signs() {
    let Some(data) = folder_from_parent() else { return };
    let key = BlobKey::Artefact(JobId::new(), Rendition::Print);
    println!(" {} ", connect(&data).await.blobs.signed_url(key, LONG).await.unwrap());
}

#[tokio::test]
async fn the_key_is_random_secret_and_kept() {
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let key = BlobKey::Artefact(JobId::new(), Rendition::Print);
    let url = connect(one.path()).await.blobs.signed_url(key, LONG).await.unwrap();
    assert_eq!(verify(&connect(one.path()).await, &url), Ok(key), "the key outlives the process");
    assert_eq!(
        verify(&connect(two.path()).await, &url),
        Err(DownloadRefused::BadSignature),
        "each folder has its own"
    );

    let file = one.path().join("signing.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    connect(one.path()).await;
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600,
        "a readable key is closed again"
    );

    fs::write(&file, b"short").unwrap();
    let refusal = refusal(one.path()).await;
    assert!(refusal.contains("signing.key") && refusal.contains("delete it"), "{refusal}");
}

#[tokio::test]
async fn hostile_urls_are_refused() {
    let data = TempDir::new().unwrap();
    let backend = connect(data.path()).await;
    let key = BlobKey::Artefact(JobId::new(), Rendition::Preview);
    let url = backend.blobs.signed_url(key, LONG).await.unwrap();
    let (path, query) = url.split_once('?').unwrap();
    assert_eq!(
        verify(&backend, &format!("{url}&utm_source=mail")),
        Ok(key),
        "a shop's own parameters do no harm"
    );
    let hostile = [
        format!("{path}?"),
        format!("{path}?expires=&signature="),
        format!("{path}?{query}&expires=99999999999"),
        format!("{path}?{query}0"),
        format!("{path}?{}", query.replace("expires=", "expires=+")),
        format!("{path}?expires=9223372036854775808&signature=00"),
        format!("{path}?expires=1&signature=é"),
        format!("/files/outputs/../../signing.key?{query}"),
        format!("{path}/../print.png?{query}"),
        format!("{}?{query}", path.replace("/files/", "/files//")),
        format!("?{query}"),
    ];
    for hostile in hostile {
        // A plus sign reads as the same number, so that URL says the same thing and may as well be honoured.
        let expected = if hostile.contains("=+") { Ok(key) } else { Err(DownloadRefused::BadSignature) };
        assert_eq!(verify(&backend, &hostile), expected, "{hostile}");
    }
}

#[tokio::test]
async fn what_killed_processes_left_is_cleared_away_after_an_hour() {
    let data = TempDir::new().unwrap();
    connect(data.path()).await;
    let (stale, fresh) = (data.path().join("tmp/stale"), data.path().join("tmp/fresh"));
    for path in [&stale, &fresh] {
        fs::write(path, b"half a photo").unwrap();
    }
    let two_hours_ago = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
    File::options().write(true).open(&stale).unwrap().set_modified(two_hours_ago).unwrap();
    connect(data.path()).await;
    assert!(!stale.exists());
    assert!(fresh.exists(), "somebody may be writing it");
}

#[tokio::test]
async fn a_process_that_runs_for_months_clears_away_what_others_left() {
    let data = TempDir::new().unwrap();
    let backend = connect(data.path()).await;
    let (stale, fresh) = (data.path().join("tmp/stale"), data.path().join("tmp/fresh"));
    for path in [&stale, &fresh] {
        fs::write(path, b"half a photo").unwrap();
    }
    let two_hours_ago = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
    File::options().write(true).open(&stale).unwrap().set_modified(two_hours_ago).unwrap();
    // What the worker's sweep calls.
    backend.uploads.clear_abandoned(10).await.unwrap();
    assert!(!stale.exists() && fresh.exists());
}

#[tokio::test]
async fn the_write_ahead_log_does_not_stay_as_large_as_it_once_was() {
    let data = TempDir::new().unwrap();
    let backend = connect(data.path()).await;
    let log = data.path().join("headshot.sqlite3-wal");
    // A long read, as of a backup, keeps the log from beginning anew.
    let reader = rusqlite::Connection::open(data.path().join("headshot.sqlite3")).unwrap();
    reader.execute_batch("BEGIN; SELECT COUNT(*) FROM tasks").unwrap();
    let count: i64 = reader.query_row("SELECT COUNT(*) FROM tasks", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 0);
    let body = bytes::Bytes::from(vec![b' '; 1 << 20]);
    for _ in 0..24 {
        backend.tasks.publish_body(body.clone(), None).await.unwrap();
    }
    assert!(fs::metadata(&log).unwrap().len() > 20 << 20, "the log holds all of it");
    reader.execute_batch("COMMIT").unwrap();
    for _ in 0..4 {
        backend.tasks.publish(&task(JobId::new()), None).await.unwrap();
    }
    let left = fs::metadata(&log).unwrap().len();
    assert!(left <= 16 << 20, "{left} bytes");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let parent = TempDir::new().unwrap();
    let file = parent.path().join("a-file");
    fs::write(&file, b"").unwrap();
    // The kernel's own folders refuse root too, unlike a folder whose write permission is taken away.
    for data in [file.join("data"), Path::new("/proc/headshot").to_owned()] {
        let refusal = refusal(&data).await;
        assert!(refusal.contains(data.to_str().unwrap()), "{refusal}");
    }
}

#[tokio::test]
async fn only_this_user_may_look_inside() {
    let parent = TempDir::new().unwrap();
    let data = parent.path().join("data");
    let backend = connect(&data).await;
    let key = BlobKey::Original(JobId::new());
    backend.blobs.put(key, "image/jpeg", "photo".into()).await.unwrap();
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o077, 0);
    let photo = data.join("blobs/originals").join(key.path());
    assert_eq!(fs::read(&photo).unwrap(), b"photo", "a blob is a plain file");
    assert_eq!(fs::metadata(&photo).unwrap().permissions().mode() & 0o077, 0);
    backend.blobs.delete(key).await.unwrap();
    assert!(!photo.parent().unwrap().exists(), "no empty folders pile up");
}

#[tokio::test]
async fn publishing_a_waiting_job_again_changes_nothing() {
    let data = TempDir::new().unwrap();
    let tasks = connect(data.path()).await.tasks;
    let task = task(JobId::new());
    for _ in 0..3 {
        tasks.publish(&task, None).await.unwrap();
    }
    assert_eq!(tasks.depth().await.unwrap().ready, 1);
    tasks.subscribe(1).await.unwrap().next().await.unwrap().dead_letter("by hand").await;
    tasks.publish(&task, None).await.unwrap();
    let depth = tasks.depth().await.unwrap();
    assert_eq!((depth.ready, depth.dead), (1, 1), "a dead letter can be published again");
}

fn verify(backend: &headshot_backend::Backend, url: &str) -> Result<BlobKey, DownloadRefused> {
    let (path, query) = url.split_once('?').expect("a query");
    backend.blobs.local_downloads().expect("local").verify(path, query)
}
