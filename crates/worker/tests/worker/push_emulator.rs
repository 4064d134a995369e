//! Google's own Pub/Sub emulator pushes to the worker. It signs nothing, so that each of its requests passes through this
//! test, which adds a token; everything else is as Pub/Sub sends it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::Bytes as Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use headshot_backend::{Backend, BackendSettings, GcpSettings};
use headshot_core::{JobId, Status};
use headshot_emulators::{Emulator, Queue, QueueNames, Sdk};
use headshot_fake_storage::FakeStorage;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use crate::bench::{Bench, Fake, headshot};
use crate::issuer::claims;
use crate::push_bench::{PushBench, envelope as envelope_of, push, task};

struct Proxy {
    worker: SocketAddr,
    token: String,
    seen: Mutex<Vec<(Value, u16)>>,
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_pubsub_pushes_are_rendered_repeated_and_set_aside() -> Result<()> {
    let Some(sdk) = Sdk::find_or_skip("push by the Pub/Sub emulator") else { return Ok(()) };
    let (pubsub, firestore) = (Emulator::pubsub(&sdk)?, Emulator::firestore(&sdk)?);
    let folder = TempDir::new()?;
    let buckets = ["shop-originals", "shop-outputs"];
    let storage = FakeStorage::start_anywhere(folder.path(), &buckets).await?;
    let names = QueueNames::of("shop-1");
    let queue = Queue {
        retry_min: Duration::from_millis(100),
        retry_max: Duration::from_secs(1),
        max_delivery_attempts: Some(20),
    };
    queue.create(&pubsub.host(), &names)?;

    let mut bench = Bench::new().await?;
    bench.config.backend = BackendSettings::Gcp(GcpSettings {
        project_id: names.project.clone(),
        bucket_original: buckets[0].into(),
        bucket_output: buckets[1].into(),
        topic: names.topic.clone(),
        dead_letter_topic: Some(names.dead_letters.clone()),
        pubsub_emulator: Some(pubsub.host()),
        firestore_emulator: Some(firestore.host()),
        storage_emulator: Some(storage.address().to_string()),
        ..GcpSettings::default()
    });
    bench.config.jobs.lease = Duration::from_secs(5);
    bench.backend = Backend::connect(&bench.config.backend).await?;
    let bench = PushBench::with(bench).await?;
    // The first job of all fails once.
    let busy = Arc::new(AtomicBool::new(false));
    let is_busy = busy.clone();
    let render = Fake::new(move |_, call, _| {
        while is_busy.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        if call == 1 { bail!("not today") } else { Ok(headshot(b"picture")) }
    });
    let worker = bench.start(render).await?;
    let proxy = Proxy { worker: worker.address, token: bench.key.token(&claims())?, seen: Mutex::default() };
    let proxy = Arc::new(proxy);
    Queue::push_to(&pubsub.host(), &names, &format!("http://{}/push", proxy.clone().start().await?))?;

    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(bench.bench.accept(b"photo").await?);
    }
    let tasks = &bench.bench.backend.tasks;
    tasks.publish_body(Bytes::from_static(b"garbage"), None).await?;
    bench.bench.publish(JobId::new()).await?;
    let mut attempts = Vec::new();
    for id in ids {
        let record = bench.bench.until_ended(id).await?;
        assert_eq!(record.status, Status::Done, "{record:#?}");
        attempts.push(record.attempt);
    }
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 1, 1, 1, 2]);

    let mut letters = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(20);
    while letters.len() < 2 && Instant::now() < deadline {
        letters.extend(Queue::dead_letters(&pubsub.host(), &names)?);
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(letters.len(), 2, "{letters:#?}");
    let reasons = letters.iter().filter_map(|letter| letter["attributes"]["reason"].as_str());
    assert_eq!(reasons.filter(|reason| reason.contains("no record of this job")).count(), 1, "{letters:#?}");

    // Five jobs and two dead letters are acknowledged, and what was refused has come again.
    sleep(Duration::from_secs(2)).await;
    let seen = proxy.seen.lock().expect("no test has panicked").clone();
    let answered = |status: u16| seen.iter().filter(|(_, answer)| *answer == status).count();
    assert!(answered(204) >= 7, "{seen:#?}");
    assert_eq!(answered(204) + answered(503) + answered(429), seen.len(), "{seen:#?}");
    assert!(answered(503) >= 1);
    let envelope = &seen.first().context("nothing was pushed")?.0;
    assert!(envelope["message"]["messageId"].is_string(), "{envelope}");

    busy.store(true, Ordering::SeqCst);
    for _ in 0..bench.bench.config.jobs.concurrency {
        let id = bench.bench.accept(b"photo").await?;
        bench.bench.until(id, |record| record.status == Status::Processing).await?;
    }
    let waiting = bench.bench.accept_without_task(b"photo").await?;
    let mut tenth = envelope_of(&task(waiting));
    tenth["deliveryAttempt"] = 10.into();
    let status = bench.push_body(&worker, tenth.to_string().as_bytes()).await?;
    assert_eq!(status, 204, "no hand is free, and a refusal would count");
    busy.store(false, Ordering::SeqCst);
    let record = bench.bench.until_ended(waiting).await?;
    assert_eq!(record.status, Status::Done, "its task was published anew: {record:#?}");
    worker.stop().await
}

impl Proxy {
    async fn start(self: Arc<Self>) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(forward).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(address)
    }
}

async fn forward(State(proxy): State<Arc<Proxy>>, headers: HeaderMap, body: Body) -> StatusCode {
    assert!(!headers.contains_key("authorization"), "the emulator signs its requests by now: use that");
    let status = push(proxy.worker, &proxy.token, &body).await.unwrap_or(502);
    let envelope = serde_json::from_slice(&body).unwrap_or_default();
    proxy.seen.lock().expect("no test has panicked").push((envelope, status));
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY)
}
