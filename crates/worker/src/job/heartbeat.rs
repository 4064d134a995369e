use std::future::Future;
use std::pin::pin;

use anyhow::Context;
use headshot_backend::{Claimed, Delivery};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tracing::warn;

use crate::render::stages::StageClock;
use crate::runtime::backoff::Backoff;
use crate::runtime::shutdown::Phase;
use crate::worker::Worker;

/// Why work on a job stopped before it was through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupted {
    /// The record belongs to somebody else by now.
    ClaimLost,
    /// The process has to end.
    Stopping,
    /// The job's time is up.
    TooLong,
}

/// Runs `work` and renews the claim and the delivery three times per lease, so that nobody else starts on the job as
/// long as this process lives. The future is dropped as soon as its result is of no use.
pub async fn while_alive<T>(
    worker: &Worker,
    claim: &Claimed,
    delivery: &Delivery,
    stages: &StageClock,
    work: impl Future<Output = T>,
) -> Result<T, Interrupted> {
    let period = worker.config.jobs.lease / 3;
    let mut beat = interval_at(Instant::now() + period, period);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut records = Backoff::new("renewing the claim");
    let mut queue = Backoff::new("extending the delivery");
    let mut work = pin!(work);
    let mut time_is_up = pin!(sleep(worker.config.jobs.timeout));
    let mut stopping = pin!(worker.phases.reached(Phase::GivingBack));
    loop {
        tokio::select! {
            biased;
            result = &mut work => return Ok(result),
            () = &mut stopping => return Err(Interrupted::Stopping),
            () = &mut time_is_up => return Err(Interrupted::TooLong),
            _ = beat.tick() => {}
        }
        // Bounded, because nothing else of this job moves meanwhile.
        let renewed =
            timeout(period, worker.backend.jobs.renew(claim, stages.current(), worker.config.jobs.lease));
        match renewed.await.context("no answer in time").and_then(|answer| Ok(answer?)) {
            Ok(true) => records.succeeded(),
            Ok(false) => return Err(Interrupted::ClaimLost),
            // Whether the claim still stands is not known; recording the result will tell.
            Err(error) => _ = records.failed(&error),
        }
        match timeout(period, delivery.extend())
            .await
            .context("no answer in time")
            .and_then(|answer| Ok(answer?))
        {
            Ok(true) => queue.succeeded(),
            // The record decides who owns the job. Whoever gets the task meanwhile finds it held.
            Ok(false) => warn!("the delivery has lapsed although the claim stands"),
            Err(error) => _ = queue.failed(&error),
        }
    }
}
