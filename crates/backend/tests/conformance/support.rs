//! Backends to test, and the things that tests put into them.

use std::time::Duration;

use bytes::Bytes;
use headshot_backend::{
    Backend, BackendSettings, Claim, Claimed, Delivery, DownloadRefused, LocalSettings, Subscription,
};
use headshot_core::{JobId, JobRecord, TaskMessage, Upload};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

/// How long a test waits for what the contract promises "some time" before it calls the promise broken.
pub const EVENTUALLY: Duration = Duration::from_secs(60);

/// How long nothing must happen before a test believes that nothing will.
pub const QUIET: Duration = Duration::from_millis(800);

/// A long lease: no test lasts as long.
pub const LONG: Duration = Duration::from_secs(600);

/// An empty backend of some kind, gone with the test.
pub struct TestBackend {
    /// The backend, as one process sees it.
    pub backend: Backend,
    /// How long its queue hides a delivery.
    pub task_lease: Duration,
    settings: BackendSettings,
    _data: TempDir,
}

impl TestBackend {
    pub async fn local() -> Self {
        let data = TempDir::new().expect("a temporary folder");
        let settings = BackendSettings::Local(LocalSettings {
            task_lease: Duration::from_millis(2500),
            retry_min: Duration::from_millis(400),
            retry_max: Duration::from_secs(5),
            ..LocalSettings::new(data.path().join("data"), "http://shop.example")
        });
        let backend = Backend::connect(&settings).await.expect("an empty folder makes a backend");
        Self { backend, task_lease: Duration::from_millis(2500), settings, _data: data }
    }

    /// The same backend as another process sees it.
    pub async fn another_process(&self) -> Backend {
        Backend::connect(&self.settings).await.expect("a second connection")
    }

    /// Does with a signed URL what a browser would.
    pub async fn download(&self, url: &str) -> Result<(Bytes, String), Refused> {
        let downloads = self.backend.blobs.local_downloads().expect("the local backend serves downloads");
        let request = url.strip_prefix("http://shop.example").expect("URLs begin with the public URL");
        let (path, query) = request.split_once('?').expect("signed URLs have a query");
        let key = downloads.verify(path, query).map_err(Refused)?;
        let mut download = downloads.open(key).await.expect("a readable blob").expect("a blob that exists");
        let mut bytes = Vec::new();
        download.file.read_to_end(&mut bytes).await.expect("a readable file");
        assert_eq!(download.len, bytes.len() as u64);
        Ok((bytes.into(), download.content_type))
    }
}

/// A download was refused, whatever this kind of backend calls it.
#[derive(Debug)]
#[expect(dead_code, reason = "read in the message of a failing test")]
pub struct Refused(DownloadRefused);

/// The record of a photo accepted just now.
pub fn accepted() -> JobRecord {
    accepted_ago(Duration::ZERO)
}

/// The record of a photo accepted a while ago and not touched since.
pub fn accepted_ago(ago: Duration) -> JobRecord {
    let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).expect("the present") - ago;
    let upload = Upload {
        file_name: Some("../../Rex & „Luna“ 🐶.jpg".into()),
        content_type: "image/jpeg".into(),
        bytes: 3_141_592,
        sha256: "9f".repeat(32),
        width: 4032,
        height: 3024,
    };
    let expires = now + SignedDuration::from_hours(24 * 90);
    JobRecord {
        order_id: Some("#1001".into()),
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
        ..JobRecord::accepted(JobId::new(), upload, "headshot", now, expires)
    }
}

/// The task of a job.
pub fn task(job_id: JobId) -> TaskMessage {
    TaskMessage {
        v: TaskMessage::VERSION,
        job_id,
        orig_bucket: "originals".into(),
        orig_key: format!("{job_id}/original"),
    }
}

/// The claim, of a job that can be claimed.
pub fn claimed(claim: Claim) -> Claimed {
    match claim {
        Claim::Claimed(claimed) => *claimed,
        other => panic!("the job could not be claimed: {other:?}"),
    }
}

/// The next delivery, which must come.
pub async fn next(subscription: &mut Subscription) -> Delivery {
    timeout(EVENTUALLY, subscription.next()).await.expect("a delivery comes").expect("the queue answers")
}

/// Nothing is delivered for a while.
pub async fn nothing_comes(subscription: &mut Subscription, during: Duration) {
    if let Ok(delivery) = timeout(during, subscription.next()).await {
        let delivery = delivery.expect("the queue answers");
        panic!("a task was delivered, attempt {}: {:?}", delivery.attempt(), delivery.task());
    }
}
