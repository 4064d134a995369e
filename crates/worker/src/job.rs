//! One task, from its delivery to its end.
//!
//! [`handle`] follows a delivery. `claim` takes the job's record, or settles the task of a job that needs no
//! work. `attempt` has `work` fetch, render and store while `heartbeat` renews the lease; `settle` writes the
//! result.

mod attempt;
mod cache;
mod claim;
mod finished;
mod heartbeat;
mod sentences;
mod settle;
mod store;
mod unavailable;
mod work;
mod work_result;

use std::sync::Arc;

use headshot_backend::{Delivery, telemetry};
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument, field, info_span};

use crate::worker::Worker;

pub use sentences::{gave_up, ordinal};

/// Handles one delivery to its end. The permit is given back when the last thread that works on the job has
/// ended.
pub async fn handle(worker: Arc<Worker>, delivery: Delivery, permit: OwnedSemaphorePermit) {
    worker.metrics.running_changed(1);
    let job_id = delivery.task().ok().map(|task| task.job_id);
    let span = info_span!(
        "job",
        job_id = job_id.map(field::display),
        worker = worker.config.jobs.worker_name,
        attempt = field::Empty,
        outcome = field::Empty,
        trace_id = field::Empty,
    );
    // The request's trace goes on here.
    let trace = telemetry::begin_job(&span, delivery.traceparent(), job_id);
    span.record("trace_id", trace.trace_id());
    let ended = claim::claim_and_work(&worker, delivery, permit).instrument(span.clone()).await;
    span.record("outcome", ended.as_str());
    worker.metrics.job_ended(ended);
    worker.metrics.running_changed(-1);
}
