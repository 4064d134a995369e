use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use headshot_backend::{AuditEntry, ERASE, Erased};
use headshot_core::{BlobKey, Failure, JobId, JobRecord, Rendition, Stage, Status};

use crate::bench::{Bench, Fake, headshot};

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_becomes_a_headshot_and_its_task_is_gone() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept(b"photo").await?;
    let worker = bench
        .start(Fake::new(|photo, _, on_stage| {
            assert_eq!(photo, b"photo");
            on_stage(Stage::Decode);
            Ok(headshot(b"picture"))
        }))
        .await?;
    let record = bench.until_ended(id).await?;
    assert_eq!((record.status, record.attempt, record.lease), (Status::Done, 1, None));
    assert_eq!(record.outputs.len(), 2);
    for output in &record.outputs {
        let key = BlobKey::Artefact(id, output.rendition);
        assert_eq!(output.key, key.path());
        assert_eq!(bench.backend.blobs.get(key, 100).await?.as_deref(), Some(&b"picture"[..]));
        assert_eq!(output.sha256.len(), 64);
        assert_eq!(output.bytes, 7);
    }
    assert_eq!(bench.until_queue_is_empty().await?, 0);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_comes_again_after_the_end_changes_nothing() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept(b"photo").await?;
    let render = Fake::new(|_, _, _| Ok(headshot(b"picture")));
    let worker = bench.start(render.clone()).await?;
    let before = bench.until_ended(id).await?;
    bench.until_queue_is_empty().await?;
    bench.publish(id).await?;
    bench.until_queue_is_empty().await?;
    assert_eq!(bench.record(id).await?, before);
    assert_eq!(render.calls.load(Ordering::SeqCst), 1);
    let (_, metrics) = worker.get("/metrics").await?;
    assert!(metrics.contains(r#"headshot_jobs_total{outcome="already_finished"} 1"#), "{metrics}");
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_task_of_a_job_that_support_has_erased_is_nobody_s_trouble() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept(b"photo").await?;
    let failure = Failure { code: "erased".into(), message: "It was erased.".into() };
    assert!(bench.backend.jobs.withdraw(id, failure).await?);
    let tenant = bench.record(id).await?.tenant;
    let entry = AuditEntry { tenant, actor: "k_support".into(), action: ERASE, job_id: id };
    assert_eq!(bench.backend.jobs.erase(id, &entry).await?, Erased::Gone);

    let worker = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    assert_eq!(bench.until_queue_is_empty().await?, 0, "no dead letter");
    let (_, metrics) = worker.get("/metrics").await?;
    assert!(metrics.contains(r#"headshot_jobs_total{outcome="already_finished"} 1"#), "{metrics}");
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_outlasts_its_lease_is_kept_from_the_other_worker_by_heartbeats() -> Result<()> {
    let mut bench = Bench::new().await?;
    let id = bench.accept(b"photo").await?;
    // The sweep would like to publish the job again at any moment.
    bench.config.sweep_untouched_for = Duration::from_millis(1);
    let lease = bench.config.jobs.lease;
    let render = Fake::new(move |_, _, on_stage| {
        on_stage(Stage::Matting);
        thread::sleep(lease * 3);
        Ok(headshot(b"picture"))
    });
    let one = bench.start(render.clone()).await?;
    bench.config.jobs.worker_name = "w-2".into();
    let other = bench.start(render.clone()).await?;
    let working = bench.until(id, |record| record.stage == Some(Stage::Matting)).await?;
    assert_eq!(working.status, Status::Processing);
    let record = bench.until_ended(id).await?;
    assert_eq!((record.status, record.attempt), (Status::Done, 1));
    assert_eq!(render.calls.load(Ordering::SeqCst), 1);
    one.stop().await?;
    other.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_job_without_a_task_is_found_by_the_sweep() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.config.sweep_untouched_for = Duration::from_millis(200);
    let id = bench.accept_without_task(b"photo").await?;
    let worker = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    let record = bench.until_ended(id).await?;
    assert_eq!((record.status, record.attempt), (Status::Done, 1));
    assert_eq!(record.republished, 0, "a worker has had it, so that the next wait is not longer");
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_clears_away_what_has_expired() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept(b"photo").await?;
    let worker = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    let done = bench.until_ended(id).await?;
    let kept = JobId::new();
    let keys = [BlobKey::Original(id), BlobKey::Artefact(id, Rendition::Print)];
    // The same job as it would be after its time.
    bench.backend.jobs.forget(id).await?;
    bench.backend.jobs.create(&JobRecord { expire_at: done.created_at, ..done.clone() }).await?;
    bench.backend.jobs.create(&JobRecord { job_id: kept, ..done }).await?;
    let began = Instant::now();
    while bench.backend.jobs.get(id).await?.is_some() {
        assert!(began.elapsed() < Duration::from_secs(10), "it is still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for key in keys {
        assert!(!bench.backend.blobs.exists(key).await?, "{key:?}");
    }
    assert!(bench.backend.jobs.get(kept).await?.is_some());
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_a_queue_and_no_job_is_rendered_twice() -> Result<()> {
    let mut bench = Bench::new().await?;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(bench.accept(b"photo").await?);
    }
    let render = Fake::new(|_, _, _| {
        thread::sleep(Duration::from_millis(20));
        Ok(headshot(b"picture"))
    });
    let one = bench.start(render.clone()).await?;
    bench.config.jobs.worker_name = "w-2".into();
    let other = bench.start(render.clone()).await?;
    for id in ids {
        let record = bench.until_ended(id).await?;
        assert_eq!((record.status, record.attempt), (Status::Done, 1));
        assert!(bench.backend.blobs.get(BlobKey::Artefact(id, Rendition::Print), 100).await?.is_some());
    }
    assert_eq!(render.calls.load(Ordering::SeqCst), 20);
    one.stop().await?;
    other.stop().await
}
