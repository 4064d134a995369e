use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use headshot_backend::Claim;
use headshot_core::{BlobKey, Failure, JobId, Metric, Quality, Reason, Severity, Status};
use headshot_pipeline::{Outcome, Rejection};

use crate::bench::{Bench, Fake, headshot};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_photo_is_recorded_with_its_reason_and_not_tried_again() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept(b"a photo of a sofa").await?;
    let reason = Reason {
        code: "no_pet_found".into(),
        severity: Severity::Reject,
        message: "We could not find a pet in this photo.".into(),
    };
    let quality = Quality::new(vec![Metric { name: "pet_share".into(), value: 0.0 }], vec![reason]);
    let judged = quality.clone();
    let render = Fake::new(move |_, _, _| {
        Ok(Outcome::Rejected(Rejection {
            code: "no_pet_found".into(),
            message: "We could not find a pet in this photo.".into(),
            quality: Some(judged.clone()),
        }))
    });
    let worker = bench.start(render.clone()).await?;
    let record = bench.until_ended(id).await?;
    assert_eq!(record.status, Status::Failed);
    let message = "We could not find a pet in this photo.".to_owned();
    assert_eq!(record.error, Some(Failure { code: "no_pet_found".into(), message }));
    assert_eq!(record.quality, Some(quality));
    assert_eq!(record.message_for_support, "The photo was refused: We could not find a pet in this photo.");
    assert_eq!(bench.until_queue_is_empty().await?, 0);
    assert_eq!(render.calls.load(Ordering::SeqCst), 1);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_fails_is_repeated() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept(b"photo").await?;
    let worker = bench
        .start(Fake::new(|_, call, _| match call {
            1 => bail!("the disk hiccuped"),
            2 => panic!("index out of bounds"),
            _ => Ok(headshot(b"picture")),
        }))
        .await?;
    let between = bench
        .until(id, |record| {
            record.message_for_support.starts_with("Waiting for the second of 3 attempts since")
        })
        .await?;
    assert!(between.message_for_support.contains("the disk hiccuped"), "{}", between.message_for_support);
    let record = bench.until_ended(id).await?;
    assert_eq!((record.status, record.attempt, record.error), (Status::Done, 3, None));
    assert_eq!(bench.until_queue_is_empty().await?, 0);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_always_fails_ends_as_failed_and_among_the_dead_letters() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept(b"photo").await?;
    let render = Fake::new(|_, _, _| panic!("index out of bounds"));
    let worker = bench.start(render.clone()).await?;
    let record = bench.until_ended(id).await?;
    assert_eq!((record.status, record.attempt), (Status::Failed, 3));
    let error = record.error.expect("a failed job says why");
    assert_eq!(error.code, "internal");
    assert!(!error.message.contains("index"), "customers do not read about indices: {}", error.message);
    assert!(record.message_for_support.contains("index out of bounds"), "{}", record.message_for_support);
    assert_eq!(bench.until_queue_is_empty().await?, 1);
    assert_eq!(render.calls.load(Ordering::SeqCst), 3);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_storage_costs_a_job_none_of_its_attempts() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept(b"photo").await?;
    let outputs = bench.folder().join("blobs/outputs");
    let away = bench.folder().join("away");
    // Storage goes away under the first render, and is back for the fifth: later than a job that fails is given up.
    let render = Fake::new(move |_, call, _| {
        match call {
            1 => {
                std::fs::rename(&outputs, &away)?;
                std::fs::write(&outputs, "where a folder should be")?;
            }
            5 => {
                std::fs::remove_file(&outputs)?;
                std::fs::rename(&away, &outputs)?;
            }
            _ => {}
        }
        Ok(headshot(b"picture"))
    });
    let worker = bench.start(render.clone()).await?;
    let record = bench.until_ended(id).await?;
    assert_eq!((record.status, record.attempt, record.error), (Status::Done, 1, None));
    assert_eq!(render.calls.load(Ordering::SeqCst), 5);
    assert_eq!(bench.until_queue_is_empty().await?, 0);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_photo_is_gone_for_good_ends_at_once_and_says_so() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept(b"photo").await?;
    bench.backend.blobs.delete(BlobKey::Original(id)).await?;
    let worker = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    let record = bench.until_ended(id).await?;
    assert_eq!((record.status, record.attempt), (Status::Failed, 1));
    assert_eq!(record.error.map(|error| error.code).as_deref(), Some("photo_expired"));
    assert!(
        record.message_for_support.contains("was deleted after its time"),
        "{}",
        record.message_for_support
    );
    assert_eq!(bench.until_queue_is_empty().await?, 0, "nobody has to look at it");
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_larger_than_the_limit_is_refused_without_being_read() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept(&[7; 1001]).await?;
    let render = Fake::new(|_, _, _| Ok(headshot(b"picture")));
    let worker = bench.start(render.clone()).await?;
    let record = bench.until_ended(id).await?;
    assert_eq!(record.error.map(|e| e.code).as_deref(), Some("too_large"));
    assert_eq!(render.calls.load(Ordering::SeqCst), 0);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_nobody_can_act_on_go_to_the_dead_letters_and_the_next_one_is_done() -> Result<()> {
    let bench = Bench::new().await?;
    let tasks = &bench.backend.tasks;
    for body in [&b"garbage"[..], b"{}", br#"{"v":99,"job_id":1}"#, b"\xff\x00"] {
        tasks.publish_body(Bytes::from_static(body), None).await?;
    }
    // Well-formed, but nobody ever accepted such a job.
    bench.publish(JobId::new()).await?;
    let id = bench.accept(b"photo").await?;
    let worker = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    assert_eq!(bench.until_ended(id).await?.status, Status::Done);
    assert_eq!(bench.until_queue_is_empty().await?, 5);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_every_worker_is_not_rendered_once_more_than_allowed() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept(b"photo").await?;
    // Three workers claim the job and are never heard of again.
    for _ in 0..3 {
        let claim = bench.backend.jobs.claim(id, "w-killed", Duration::from_millis(1)).await?;
        assert!(matches!(claim, Claim::Claimed(_)), "{claim:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let render = Fake::new(|_, _, _| Ok(headshot(b"picture")));
    let worker = bench.start(render.clone()).await?;
    let record = bench.until_ended(id).await?;
    assert_eq!(record.error.map(|e| e.code).as_deref(), Some("internal"));
    assert_eq!(bench.until_queue_is_empty().await?, 1);
    assert_eq!(render.calls.load(Ordering::SeqCst), 0);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_worker_died_is_worked_on_alone_and_the_others_wait() -> Result<()> {
    let bench = Bench::new().await?;
    let suspect = bench.accept(b"suspect").await?;
    bench.backend.jobs.claim(suspect, "w-killed", Duration::from_millis(1)).await?;
    let mut others = Vec::new();
    for _ in 0..6 {
        others.push(bench.accept(b"photo").await?);
    }
    // How many are rendered, how many were beside the suspect, and the most.
    let counts = Arc::new(<(AtomicU32, AtomicU32, AtomicU32)>::default());
    let seen = counts.clone();
    let worker = bench
        .start(Fake::new(move |photo, _, _| {
            let (at_once, company, most) = &*seen;
            let beside = at_once.fetch_add(1, Ordering::SeqCst);
            most.fetch_max(beside + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(100));
            if photo == b"suspect" {
                company.fetch_add(beside + at_once.load(Ordering::SeqCst) - 1, Ordering::SeqCst);
            }
            at_once.fetch_sub(1, Ordering::SeqCst);
            Ok(headshot(b"picture"))
        }))
        .await?;
    let record = bench.until_ended(suspect).await?;
    assert_eq!((record.status, record.attempt), (Status::Done, 2));
    for id in others {
        assert_eq!(bench.until_ended(id).await?.attempt, 1);
    }
    let (_, company, most) = &*counts;
    assert_eq!(company.load(Ordering::SeqCst), 0, "nothing was rendered beside it");
    assert_eq!(most.load(Ordering::SeqCst), 2, "the others used both hands");
    assert_eq!(bench.until_queue_is_empty().await?, 0);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_job_without_a_task_is_given_up_by_the_sweep() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.config.sweep_untouched_for = Duration::from_millis(50);
    let id = bench.accept_without_task(b"photo").await?;
    for _ in 0..3 {
        bench.backend.jobs.claim(id, "w-killed", Duration::from_millis(1)).await?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let worker = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    let record = bench.until_ended(id).await?;
    assert_eq!(record.status, Status::Failed);
    assert_eq!(record.error.map(|e| e.code).as_deref(), Some("internal"));

    // Its task was not lost after all.
    bench.publish(id).await?;
    bench.until(id, |record| record.dead_letter_owed.is_none()).await?;
    assert_eq!(bench.until_queue_is_empty().await?, 1, "somebody has to look at it");
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_that_takes_too_long_counts_as_a_failed_attempt() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.config.jobs.timeout = Duration::from_millis(300);
    let id = bench.accept(b"photo").await?;
    let worker = bench
        .start(Fake::new(|_, call, _| {
            if call == 1 {
                thread::sleep(Duration::from_secs(1));
            }
            Ok(headshot(b"picture"))
        }))
        .await?;
    let record = bench.until_ended(id).await?;
    assert_eq!((record.status, record.attempt), (Status::Done, 2));
    worker.stop().await
}
