use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;
use headshot_backend::{Claimed, Delivery};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Span;

use super::heartbeat::{self, Interrupted};
use super::settle::Held;
use super::unavailable::Unavailable;
use super::work;
use super::work_result::WorkResult;
use crate::render::stages::StageClock;
use crate::runtime::outcome::JobEnded;
use crate::worker::Worker;

/// One attempt at a job that this worker has claimed.
pub(super) async fn attempt(
    worker: &Arc<Worker>,
    claim: Claimed,
    delivery: Delivery,
    permit: OwnedSemaphorePermit,
) -> JobEnded {
    let record = claim.record();
    let mut held = Held { worker, claim: &claim, delivery, since: Instant::now(), stages: Vec::new() };
    // As a signed number, the only kind that traces know.
    Span::current().record("attempt", i64::from(record.attempt));
    // Every attempt before this one ended without a word: whatever this job does to its workers, it will do
    // again.
    if record.attempt > worker.config.jobs.max_attempts {
        let reason = "the last worker stopped without a word while it was at work on it";
        return held.give_up(&anyhow!(reason)).await;
    }
    let stages = Arc::new(StageClock::default());
    let work = work::run(worker, &claim, &stages, Arc::new(permit));
    let result = heartbeat::while_alive(worker, &claim, &held.delivery, &stages, work).await;
    held.stages = stages.finish();
    for (stage, took) in &held.stages {
        worker.metrics.stage_took(*stage, *took);
    }
    match result {
        Ok(Ok(WorkResult::Headshot(finish))) => held.done(*finish).await,
        Ok(Ok(WorkResult::Refusal(rejection))) => held.refused(rejection).await,
        Ok(Err(error)) => match error.downcast_ref::<Unavailable>().map(|unavailable| unavailable.service) {
            Some(service) if held.may_wait() => held.put_off(service, &error).await,
            _ => held.failed_attempt(&error).await,
        },
        Err(Interrupted::TooLong) => {
            let limit = worker.config.jobs.timeout.as_secs();
            held.failed_attempt(&anyhow!("the job took longer than {limit} s")).await
        }
        Err(Interrupted::Stopping) => held.give_back().await,
        Ok(Ok(WorkResult::ClaimLost)) | Err(Interrupted::ClaimLost) => held.lost().await,
    }
}
