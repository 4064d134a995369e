use std::sync::Arc;

use anyhow::Context;
use headshot_backend::telemetry;
use headshot_core::{BlobKey, JobRecord, Status, TaskMessage};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{Instrument, error, info, info_span};

use crate::shutdown::Phase;
use crate::{Outage, Worker, job};

/// So many forgotten jobs are taken care of at a time; the rest follows with the next round.
const BATCH: usize = 100;

/// Looks after jobs that nobody looks after, every so often: what a crash of the API left without a task is published
/// again, what has used up its attempts is recorded as failed. Announced photos that nobody came back for go as well.
pub async fn sweep(worker: Arc<Worker>) {
    let mut outage = Outage::new("the sweep for forgotten jobs");
    let mut round = interval(worker.config.sweep_every);
    round.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = worker.phases.reached(Phase::Draining) => return,
            _ = round.tick() => match sweep_once(&worker).await {
                Ok(_) => outage.over(),
                // The next round is the next try; nothing hurries.
                Err(error) => _ = outage.failed(&error),
            }
        }
    }
}

/// One round. Returns how many jobs were touched. Any number of workers may do this at the same time: whoever gets to
/// write a record first is the one who acts on it.
///
/// # Errors
/// Records or queue cannot be reached; what was done until then stays done.
pub async fn sweep_once(worker: &Worker) -> anyhow::Result<usize> {
    let forgotten = worker.backend.jobs.unfinished(worker.config.sweep_untouched_for, BATCH).await;
    let mut touched = 0;
    for record in forgotten.context("looking for forgotten jobs")? {
        touched += usize::from(look_after(worker, &record).await?);
    }
    let cleared = worker.backend.uploads.clear_abandoned(BATCH).await;
    let cleared = cleared.context("clearing abandoned uploads away")?;
    if cleared > 0 {
        info!(cleared, "uploads that nobody came back for are cleared away");
    }
    Ok(touched)
}

async fn look_after(worker: &Worker, record: &JobRecord) -> anyhow::Result<bool> {
    let (job_id, attempt) = (record.job_id, record.attempt);
    // A queued job may have used up its attempts and still be owed the last word of the worker that takes it next.
    if record.status == Status::Processing && attempt >= worker.config.jobs.max_attempts {
        let ours = worker.backend.jobs.fail_abandoned(record, job::gave_up()).await;
        let ours = ours.context("recording that a job is given up")?;
        if ours {
            error!(%job_id, attempt, "the job is given up: its last attempt ended without a word");
        }
        return Ok(ours);
    }
    let span = info_span!("republish", %job_id);
    // The trace in which the photo was accepted goes on.
    let trace = telemetry::resume(&span, record.trace_id.as_deref());
    republish(worker, record, &trace.traceparent()).instrument(span).await
}

async fn republish(worker: &Worker, record: &JobRecord, traceparent: &str) -> anyhow::Result<bool> {
    let job_id = record.job_id;
    // Marked before it is published: if this process dies in between, the next sweep finds the job again.
    if !worker.backend.jobs.mark_republished(record).await.context("marking a forgotten job")? {
        return Ok(false);
    }
    let task = TaskMessage {
        v: TaskMessage::VERSION,
        job_id,
        orig_bucket: worker.config.backend.bucket_of_originals().into(),
        orig_key: BlobKey::Original(job_id).path(),
    };
    worker
        .backend
        .tasks
        .publish(&task, Some(traceparent))
        .await
        .context("publishing a forgotten job again")?;
    let (attempt, times) = (record.attempt, record.republished + 1);
    info!(attempt, times, "the job seemed forgotten; its task is published again");
    Ok(true)
}
