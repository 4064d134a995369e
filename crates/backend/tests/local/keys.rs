//! Idempotency keys without end, and uploads that nobody comes back for.

use std::path::Path;
use std::time::Duration;

use headshot_backend::{Begun, PendingUpload, UploadTerms};
use headshot_core::{BlobKey, JobId, Tenant};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::support::{connect, files, record};

const LEASE: Duration = Duration::from_secs(60);

fn open(data: &Path) -> Connection {
    Connection::open(data.join("headshot.sqlite3")).unwrap()
}

/// A day's worth of keys of a busy or a malicious client. A request's work does not grow with them: it finds its key and a few
/// expired ones by indexes, and what it clears away is bounded.
#[tokio::test]
async fn a_million_keys_are_cleared_away_in_small_steps() {
    let data = tempfile::TempDir::new().unwrap();
    let backend = connect(data.path()).await;
    let mut database = open(data.path());
    let now = Timestamp::now().as_microsecond();
    let transaction = database.transaction().unwrap();
    {
        let mut insert = transaction
            .prepare("INSERT INTO idempotency (slot, token, lease_until, job_id, fingerprint, expire_at) VALUES (?1, 't', 0, ?2, 'f', ?3)")
            .unwrap();
        let job = JobId::new().to_string();
        for n in 0..1_000_000_i64 {
            // Every tenth has expired.
            let expire_at = if n % 10 == 0 { now - n } else { now + 3_600_000_000 + n };
            insert.execute(params![format!("{:064x}", n * 7919), job, expire_at]).unwrap();
        }
    }
    transaction.commit().unwrap();
    let count = |database: &Connection| -> i64 {
        database.query_row("SELECT COUNT(*) FROM idempotency", (), |row| row.get(0)).unwrap()
    };

    let mut before = count(&database);
    for n in 0..100 {
        let begun =
            backend.idempotency.begin(&Tenant::anonymous(), &format!("key {n}"), LEASE).await.unwrap();
        assert!(matches!(begun, Begun::Reserved(_)));
        let after = count(&database);
        let cleared = before + 1 - after;
        assert!((1..=16).contains(&cleared), "{cleared} at once");
        before = after;
    }
    for query in [
        "SELECT token FROM idempotency WHERE slot = ?1",
        "SELECT slot FROM idempotency WHERE expire_at <= ?1 ORDER BY expire_at LIMIT 16",
    ] {
        let plan: String = database
            .query_row(&format!("EXPLAIN QUERY PLAN {query}"), ["x"], |row| row.get("detail"))
            .unwrap();
        assert!(plan.starts_with("SEARCH"), "{query}: {plan}");
    }
}

#[tokio::test]
async fn what_is_kept_of_a_key_is_a_hash() {
    let data = tempfile::TempDir::new().unwrap();
    let backend = connect(data.path()).await;
    let secret = "the-key-of-order-1001-and-a-name";
    backend.idempotency.begin(&Tenant::anonymous(), secret, LEASE).await.unwrap();
    drop(backend);
    for file in files(data.path()) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{}", file.display());
    }
}

#[tokio::test]
async fn abandoned_uploads_go_with_their_photos_and_submitted_ones_stay() {
    let data = tempfile::TempDir::new().unwrap();
    let backend = connect(data.path()).await;
    let [waiting, abandoned, unsent, submitted] = [30, -11, -11, -11].map(|minutes| PendingUpload {
        id: JobId::new(),
        tenant: Tenant::anonymous(),
        content_type: "image/jpeg".into(),
        bytes: 5,
        file_name: None,
        expire_at: Timestamp::now() + SignedDuration::from_mins(minutes),
    });
    for upload in [&waiting, &abandoned, &unsent, &submitted] {
        backend.uploads.create(upload).await.unwrap();
    }
    for upload in [&waiting, &abandoned, &submitted] {
        let terms = UploadTerms {
            key: BlobKey::Original(upload.id),
            content_type: upload.content_type.clone(),
            bytes: 5,
        };
        let mut put = backend.blobs.local_uploads().unwrap().begin(&terms).await.unwrap();
        put.write("photo".into()).await.unwrap();
        assert!(put.commit().await.unwrap());
    }
    backend.jobs.create(&record(submitted.id)).await.unwrap();

    assert_eq!(backend.uploads.clear_abandoned(1).await.unwrap(), 1, "no more than asked for");
    assert_eq!(backend.uploads.clear_abandoned(100).await.unwrap(), 2);
    assert_eq!(backend.uploads.clear_abandoned(100).await.unwrap(), 0);
    let mut there = Vec::new();
    for upload in [&waiting, &abandoned, &submitted] {
        there.push(backend.blobs.get(BlobKey::Original(upload.id), 5).await.unwrap().is_some());
    }
    assert_eq!(there, [true, false, true]);
    assert_eq!(files(&data.path().join("blobs")).len(), 2);

    // Who was still sending when the upload was cleared away has sent in vain, and leaves nothing.
    let terms =
        UploadTerms { key: BlobKey::Original(abandoned.id), content_type: "image/jpeg".into(), bytes: 5 };
    let put = backend.blobs.local_uploads().unwrap().begin(&terms).await.unwrap();
    assert!(!put.commit().await.unwrap());
    assert_eq!(files(&data.path().join("blobs")).len(), 2);
    assert_eq!(files(&data.path().join("tmp")).len(), 0);
}
