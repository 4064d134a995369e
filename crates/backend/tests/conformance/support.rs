//! Backends to test, and the things that tests put into them.

use std::time::Duration;

use bytes::Bytes;
use headshot_backend::{
    Backend, BackendSettings, Claim, Claimed, Delivery, GcpSettings, LocalSettings, Subscription,
};
use headshot_core::{JobId, JobRecord, TaskMessage, Upload};
use headshot_emulators::{Queue, QueueNames};
use headshot_fake_storage::FakeStorage;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::emulators;

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
    /// Whether its queue says how full it is.
    pub knows_its_depth: bool,
    settings: BackendSettings,
    /// The stand-in for Cloud Storage, where this is the backend on Google Cloud.
    _storage: Option<FakeStorage>,
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
        Self {
            backend,
            task_lease: Duration::from_millis(2500),
            knows_its_depth: true,
            settings,
            _storage: None,
            _data: data,
        }
    }

    /// Google Cloud with the fake in the place of Cloud Storage. Nobody answers for records and tasks.
    pub async fn gcp_storage() -> Self {
        let data = TempDir::new().expect("a temporary folder");
        let buckets = ["shop-originals", "shop-outputs"];
        let storage = FakeStorage::start_anywhere(data.path(), &buckets).await.expect("the fake starts");
        let fake = || Some(storage.address().to_string());
        let settings = BackendSettings::Gcp(GcpSettings {
            project_id: "shop".into(),
            bucket_original: buckets[0].into(),
            bucket_output: buckets[1].into(),
            topic: "tasks".into(),
            pubsub_emulator: fake(),
            firestore_emulator: fake(),
            storage_emulator: fake(),
            ..GcpSettings::default()
        });
        let backend = Backend::connect(&settings).await.expect("the fake is there");
        let task_lease = Duration::from_secs(10);
        Self { backend, task_lease, knows_its_depth: false, settings, _storage: Some(storage), _data: data }
    }

    /// Firestore and Pub/Sub on Google's own emulators; nothing answers for Cloud Storage. `None` where the emulators are
    /// not installed.
    pub async fn gcp_records_and_queue() -> Option<Self> {
        let (pubsub, firestore) = emulators::hosts()?;
        // A project of its own is as good as an emulator of its own.
        let names = QueueNames::of(&format!("test-{}", JobId::new()));
        let queue = Queue {
            retry_min: Duration::from_millis(400),
            retry_max: Duration::from_secs(5),
            max_delivery_attempts: Some(50),
        };
        queue.create(&pubsub, &names).expect("topics and subscriptions in an empty project");
        let settings = BackendSettings::Gcp(GcpSettings {
            project_id: names.project,
            bucket_original: "shop-originals".into(),
            bucket_output: "shop-outputs".into(),
            topic: names.topic,
            subscription: Some(names.subscription),
            dead_letter_topic: Some(names.dead_letters),
            task_lease: Duration::from_secs(10),
            pubsub_emulator: Some(pubsub),
            firestore_emulator: Some(firestore),
            storage_emulator: Some("127.0.0.1:9".into()),
            ..GcpSettings::default()
        });
        let backend = Backend::connect(&settings).await.expect("nothing is asked of anybody yet");
        Some(Self {
            backend,
            task_lease: Duration::from_millis(2500),
            knows_its_depth: false,
            settings,
            _storage: None,
            _data: TempDir::new().expect("a temporary folder"),
        })
    }

    /// The same backend as another process sees it.
    pub async fn another_process(&self) -> Backend {
        Backend::connect(&self.settings).await.expect("a second connection")
    }

    /// The same, with Firestore at another address.
    pub async fn another_process_by_way_of(&self, firestore: &str) -> Backend {
        let BackendSettings::Gcp(settings) = &self.settings else { panic!("there is no Firestore") };
        let settings = GcpSettings { firestore_emulator: Some(firestore.to_owned()), ..settings.clone() };
        Backend::connect(&BackendSettings::Gcp(settings)).await.expect("a second connection")
    }

    /// Puts bytes where a signed URL leads, with these headers, as a browser would.
    pub async fn put(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Result<(), Refused> {
        let Some(uploads) = self.backend.blobs.local_uploads() else { return put(url, headers, body).await };
        let request = url.strip_prefix("http://shop.example").expect("URLs begin with the public URL");
        let (path, query) = request.split_once('?').expect("signed URLs have a query");
        let refused = |reason: String| Err(Refused(reason));
        let terms = match uploads.verify(path, query) {
            Ok(terms) => terms,
            Err(reason) => return refused(format!("{reason:?}")),
        };
        // What the API's route looks at.
        let kept = headers.contains(&("content-type", terms.content_type.clone()))
            && terms.bytes == body.len() as u64;
        if !kept {
            return refused("another type or size".into());
        }
        let mut upload = uploads.begin(&terms).await.expect("a writable store");
        upload.write(Bytes::copy_from_slice(body)).await.expect("a writable store");
        if upload.commit().await.expect("a writable store") {
            Ok(())
        } else {
            refused("there is one already".into())
        }
    }

    /// Does with a signed URL what a browser would.
    pub async fn download(&self, url: &str) -> Result<(Bytes, String), Refused> {
        let Some(downloads) = self.backend.blobs.local_downloads() else { return fetch(url).await };
        let request = url.strip_prefix("http://shop.example").expect("URLs begin with the public URL");
        let (path, query) = request.split_once('?').expect("signed URLs have a query");
        let key = downloads.verify(path, query).map_err(|refused| Refused(format!("{refused:?}")))?;
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
pub struct Refused(String);

/// The same over HTTP.
async fn put(url: &str, headers: &[(&'static str, String)], body: &[u8]) -> Result<(), Refused> {
    let (host, target) = url.strip_prefix("http://").expect("plain HTTP").split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).await.expect("the server is there");
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "PUT /{target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await.expect("the request is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    if answer.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(Refused(answer)) }
}

/// Fetches from a server on this machine that says how long its answers are and closes the connection after one.
async fn fetch(url: &str) -> Result<(Bytes, String), Refused> {
    let (host, target) = url.strip_prefix("http://").expect("plain HTTP").split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).await.expect("the server is there");
    let request = format!("GET /{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the request is taken");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("headers end");
    let (head, body) = (String::from_utf8_lossy(&answer[..end]).into_owned(), &answer[end + 4..]);
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(Refused(format!("{head}\n{}", String::from_utf8_lossy(body))));
    }
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    assert_eq!(header("content-length"), Some(body.len().to_string()));
    Ok((Bytes::copy_from_slice(body), header("content-type").expect("a content type")))
}

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
