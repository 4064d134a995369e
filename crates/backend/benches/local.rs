//! How fast the local backend is on this machine: `cargo bench -p headshot-backend`, or with `-- DIR` on another disk.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use headshot_backend::api_keys::{Keys, KeysEdit, NewKey, Scopes};
use headshot_backend::{Allowance, Backend, BackendError, BackendSettings, LocalSettings};
use headshot_core::{BlobKey, JobId, JobRecord, TaskMessage, Upload};
use jiff::Timestamp;

const AT_A_TIME: usize = 8;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let parent =
        std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_else(|| ".".into());
    let data = tempfile::TempDir::new_in(Path::new(&parent))?;
    let settings = LocalSettings::new(data.path(), "");
    let backend = Backend::connect(&BackendSettings::Local(settings)).await?;
    let photo = Bytes::from(vec![0x5a; 3_000_000]);

    measure("publish", 4000, |_| {
        let tasks = backend.tasks.clone();
        async move { tasks.publish(&task(JobId::new()), None).await }
    })
    .await?;
    let mut subscription = backend.tasks.subscribe(1).await?;
    let started = Instant::now();
    for _ in 0..2000 {
        subscription.next().await?.ack().await;
    }
    println!("{:<34} {:>8.0} /s", "pull and ack, one at a time", 2000.0 / started.elapsed().as_secs_f64());
    measure("create a record (safe on disk)", 800, |_| {
        let jobs = backend.jobs.clone();
        async move { jobs.create(&record(JobId::new())).await }
    })
    .await?;
    measure("store a photo of 3 MB (safe on disk)", 200, |_| {
        let (blobs, photo) = (backend.blobs.clone(), photo.clone());
        async move { blobs.put(BlobKey::Original(JobId::new()), "image/jpeg", photo).await }
    })
    .await?;
    measure("accept: photo, record, publish", 200, |_| {
        let (backend, photo) = (backend.clone(), photo.clone());
        async move {
            let id = JobId::new();
            backend.blobs.put(BlobKey::Original(id), "image/jpeg", photo).await?;
            backend.jobs.create(&record(id)).await?;
            backend.tasks.publish(&task(id), None).await
        }
    })
    .await?;
    for calls in [20, 100_000] {
        // The first kind draws each token by itself, the second in batches.
        measure(&format!("take from a limit of {calls} a minute"), 4000, |_| {
            let limits = backend.limits.clone();
            async move {
                limits.take(&Allowance::per_minute(format!("key:{calls}"), calls)).await;
                Ok(())
            }
        })
        .await?;
    }
    look_up_keys()
}

fn look_up_keys() -> anyhow::Result<()> {
    const KEYS: usize = 10_000;
    const LOOKS: u32 = 100_000;
    let new = NewKey {
        tenant: "bench".parse()?,
        scopes: Scopes::ALL,
        rate_per_minute: None,
        monthly_quota: None,
        label: None,
    };
    let mut file = KeysEdit::parse(b"")?;
    let texts = file.create_many(&new, KEYS, Timestamp::now())?;
    let file = file.text()?;
    let started = Instant::now();
    let keys = Keys::parse(file.as_bytes())?;
    println!("{:<34} {:>8.1?}, {} bytes", "read a file of 10,000 keys", started.elapsed(), file.len());
    let now = Timestamp::now();
    for (name, suffix, known) in [("look a key up", "", true), ("refuse a wrong secret", "0", false)] {
        let started = Instant::now();
        for text in texts.iter().cycle().take(LOOKS as usize) {
            let text = format!("{text}{suffix}");
            assert_eq!(std::hint::black_box(keys.holder(&text, now)).is_some(), known);
        }
        println!("{name:<34} {:>8.2?}", started.elapsed() / LOOKS);
    }
    Ok(())
}

/// Runs `count` of them, [`AT_A_TIME`], and prints rate and latencies.
async fn measure<F>(name: &str, count: usize, run: impl Fn(usize) -> F) -> anyhow::Result<()>
where
    F: Future<Output = Result<(), BackendError>> + Send + 'static,
{
    let started = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    let mut took = Vec::new();
    for n in 0..count {
        if running.len() == AT_A_TIME
            && let Some(done) = running.join_next().await
        {
            took.push(done??);
        }
        let one = run(n);
        running.spawn(async move {
            let started = Instant::now();
            one.await.map(|()| started.elapsed())
        });
    }
    while let Some(done) = running.join_next().await {
        took.push(done??);
    }
    took.sort();
    let at = |share: f64| took.get((count as f64 * share) as usize).copied().unwrap_or(Duration::ZERO);
    let rate = count as f64 / started.elapsed().as_secs_f64();
    println!("{name:<34} {rate:>8.0} /s, p50 {:.1?}, p95 {:.1?}, p99 {:.1?}", at(0.5), at(0.95), at(0.99));
    Ok(())
}

fn record(job_id: JobId) -> JobRecord {
    let now = Timestamp::now();
    let upload = Upload {
        file_name: None,
        content_type: "image/jpeg".into(),
        bytes: 3_000_000,
        sha256: "00".repeat(32),
        width: 4032,
        height: 3024,
    };
    JobRecord::accepted(job_id, upload, "headshot", now, now)
}

fn task(job_id: JobId) -> TaskMessage {
    TaskMessage {
        v: TaskMessage::VERSION,
        job_id,
        orig_bucket: "originals".into(),
        orig_key: format!("{job_id}/original"),
    }
}
