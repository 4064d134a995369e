use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use headshot_core::{Stage, Status};

use crate::bench::{Bench, Fake, headshot};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_at_hand_is_finished_and_no_new_one_is_taken() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.config.jobs.concurrency = 1;
    let first = bench.accept(b"photo").await?;
    let worker = bench
        .start(Fake::new(|_, _, _| {
            thread::sleep(Duration::from_millis(500));
            Ok(headshot(b"picture"))
        }))
        .await?;
    bench.until(first, |record| record.status == Status::Processing).await?;
    let second = bench.accept(b"photo").await?;
    worker.stop().await?;
    assert_eq!(bench.record(first).await?.status, Status::Done);
    assert_eq!(bench.record(second).await?.status, Status::Queued);
    assert_eq!(bench.backend.tasks.depth().await?.ready, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_finished_within_the_grace_period_goes_back_at_once() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.config.grace = Duration::from_millis(100);
    let id = bench.accept(b"photo").await?;
    // A render of many stages: it stops at the next one when nobody wants its result any more.
    let endless = Fake::new(|_, _, on_stage| {
        loop {
            on_stage(Stage::Look);
            thread::sleep(Duration::from_millis(10));
        }
    });
    let worker = bench.start(endless).await?;
    bench.until(id, |record| record.status == Status::Processing).await?;
    let asked = Instant::now();
    worker.stop().await?;
    assert!(asked.elapsed() < Duration::from_secs(2), "it took {:?}", asked.elapsed());

    let record = bench.record(id).await?;
    assert_eq!((record.status, record.lease), (Status::Queued, None));
    assert!(
        record.message_for_support.starts_with("Worker w-1 was stopped"),
        "{}",
        record.message_for_support
    );
    assert_eq!(bench.backend.tasks.depth().await?.ready, 1, "the task is there for the next worker at once");

    let next = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    let record = bench.until_ended(id).await?;
    // The attempt that the stop cut short does not count.
    assert_eq!((record.status, record.attempt), (Status::Done, 1));
    next.stop().await
}
