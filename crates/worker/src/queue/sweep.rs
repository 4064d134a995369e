use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::join_all;
use headshot_backend::{BackendSettings, telemetry};
use headshot_core::{BlobKey, JobRecord, Status, TaskMessage};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{Instrument, debug, error, info, info_span};

use crate::job;
use crate::runtime::backoff::Backoff;
use crate::runtime::shutdown::Phase;
use crate::worker::Worker;

/// So many forgotten jobs are looked up at a time.
const BATCH: usize = 100;

/// So many lookups make a round, unless one finds less; the rest follows with the next round.
const BATCHES: usize = 10;

/// So many jobs are published again at the same time.
const AT_ONCE: usize = 8;

/// A worker that has had a free slot for so long, and got no task, sees an empty queue.
const IDLE: Duration = Duration::from_secs(2);

/// How many times longer a job is left alone while this worker gets tasks: most likely its own is among those to come.
const WHILE_BUSY: u32 = 10;

/// Takes care of forgotten jobs, once per interval.
///
/// Publishes again what a crash of the API left without a task, and records as failed what has used up its
/// attempts. Clears away pending uploads that were never submitted, and expired jobs.
pub async fn sweep(worker: Arc<Worker>) {
    let mut backoff = Backoff::new("the sweep for forgotten jobs");
    let mut round = interval(worker.config.sweep_every);
    round.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = worker.phases.reached(Phase::Draining) => return,
            _ = round.tick() => match sweep_once(&worker).await {
                Ok(_) => backoff.succeeded(),
                // The next round is the next try; nothing hurries.
                Err(error) => _ = backoff.failed(&error),
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
    let mut touched = 0;
    for _ in 0..BATCHES {
        let forgotten = worker.backend.jobs.unfinished(untouched_for(worker), BATCH).await;
        let forgotten = forgotten.context("looking for forgotten jobs")?;
        let found = forgotten.len();
        let mut ours = 0;
        for some in forgotten.chunks(AT_ONCE) {
            // All run to their end, also when one fails: each may have to take back its mark.
            for looked_after in join_all(some.iter().map(|record| look_after(worker, record))).await {
                ours += usize::from(looked_after?);
            }
        }
        touched += ours;
        if found < BATCH || ours == 0 {
            break;
        }
    }
    let cleared = worker.backend.uploads.clear_abandoned(BATCH).await;
    let cleared = cleared.context("clearing abandoned uploads away")?;
    if cleared > 0 {
        info!(cleared, "uploads that nobody came back for are cleared away");
    }
    clear_expired(worker).await.context("clearing expired jobs away")?;
    Ok(touched)
}

/// Deletes expired jobs and their files. The record goes last, so that a crash leaves nothing behind.
async fn clear_expired(worker: &Worker) -> anyhow::Result<()> {
    let backend = &worker.backend;
    for record in backend.jobs.expired(BATCH).await? {
        for key in BlobKey::all_of(record.job_id) {
            backend.blobs.delete(key).await?;
        }
        backend.uploads.forget(record.job_id).await?;
        backend.jobs.forget(record.job_id).await?;
        info!(job_id = %record.job_id, "an expired job and its files are cleared away");
    }
    Ok(())
}

/// How long a job must have been left alone to count as forgotten. The local queue knows which jobs it holds; of Pub/Sub's
/// it is only known that a worker with a free slot would have got them.
fn untouched_for(worker: &Worker) -> Duration {
    let wait = worker.config.sweep_untouched_for;
    if matches!(worker.config.backend, BackendSettings::Local(_)) {
        return wait;
    }
    if worker.slots.idle_for() >= IDLE.min(wait) { wait } else { wait.saturating_mul(WHILE_BUSY) }
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
        orig_key: BlobKey::Original(record.photo_of.unwrap_or(job_id)).path(),
    };
    if let Err(error) = worker.backend.tasks.publish(&task, Some(traceparent)).await {
        // Not the job's fault: it must not wait twice as long for it.
        if let Err(error) = worker.backend.jobs.unmark_republished(record).await {
            debug!(error = format!("{error:#}"), "the mark of a job that could not be published stays");
        }
        return Err(error.context("publishing a forgotten job again").into());
    }
    let (attempt, times) = (record.attempt, record.republished + 1);
    info!(attempt, times, "the job seemed forgotten; its task is published again");
    Ok(true)
}
