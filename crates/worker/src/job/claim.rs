//! Taking a job's record, so that this worker and no other works on the job.

use std::pin::pin;
use std::sync::Arc;

use headshot_backend::{Claim, Delivery};
use headshot_core::JobId;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::interval;
use tracing::{debug, error, info, warn};

use super::attempt::attempt;
use super::settle::set_aside;
use crate::runtime::outcome::JobEnded;
use crate::runtime::shutdown::Phase;
use crate::worker::Worker;

/// Claims the job of a delivery and works on it, or settles a delivery that needs no work.
pub(super) async fn claim_and_work(
    worker: &Arc<Worker>,
    delivery: Delivery,
    permit: OwnedSemaphorePermit,
) -> JobEnded {
    let job_id = match delivery.task() {
        Ok(task) => task.job_id,
        Err(problem) => {
            let reason = problem.to_string();
            error!(reason, "this task can never be done; it goes to the dead letters");
            delivery.dead_letter(&reason).await;
            return JobEnded::Unusable;
        }
    };
    let jobs = &worker.config.jobs;
    let Some(beside_others) = wait(worker, &delivery, worker.slots.beside_others()).await else {
        delivery.give_back().await;
        return JobEnded::GivenBack;
    };
    let mut claim = worker.backend.jobs.claim_beside_others(job_id, &jobs.worker_name, jobs.lease).await;
    // Until the job is settled.
    let (_beside_others, _alone);
    if let Ok(Claim::Suspect) = claim {
        info!("the worker that held this job ended without a word; now it is worked on alone");
        drop(beside_others);
        _alone = match wait(worker, &delivery, worker.slots.alone()).await {
            Some(alone) => alone,
            None => {
                delivery.give_back().await;
                return JobEnded::GivenBack;
            }
        };
        claim = worker.backend.jobs.claim(job_id, &jobs.worker_name, jobs.lease).await;
    } else {
        _beside_others = beside_others;
    }
    match claim {
        Ok(Claim::Claimed(claim)) => attempt(worker, *claim, delivery, permit).await,
        Ok(Claim::DeadLetterOwed(reason)) => {
            info!(reason, "the job was given up, and its task could not be set aside then");
            set_aside(worker, job_id, delivery, &reason).await;
            JobEnded::AlreadyFinished
        }
        Ok(Claim::Finished(status)) => {
            info!(%status, "delivered again although it has ended; nothing to do");
            delivery.ack().await;
            JobEnded::AlreadyFinished
        }
        Ok(Claim::Held { until }) => {
            debug!(%until, "another worker holds the job; the task waits");
            delivery.put_off("another worker holds the job").await;
            JobEnded::HeldElsewhere
        }
        // Only beside others.
        Ok(Claim::Suspect) => {
            delivery.put_off("the job is to be worked on alone").await;
            JobEnded::Retried
        }
        Ok(Claim::Missing) => without_record(worker, job_id, delivery).await,
        // It stays in the store as it is; a person can mend it and have the dead letter published again.
        Err(error) if !error.is_retryable() => {
            let error = format!("{error:#}");
            error!(error, "the record of this job is damaged; its task goes to the dead letters");
            delivery.dead_letter("the record of this job is damaged").await;
            JobEnded::Unusable
        }
        Err(error) => {
            warn!(error = format!("{error:#}"), "the job could not be claimed; its task goes back");
            delivery.put_off("the job could not be claimed").await;
            JobEnded::Retried
        }
    }
}

/// Waits for the right company, and holds the delivery meanwhile. `None`: the process is to stop.
async fn wait<T>(worker: &Worker, delivery: &Delivery, company: impl Future<Output = T>) -> Option<T> {
    let mut company = pin!(company);
    let mut extend = interval(worker.config.jobs.lease / 3);
    loop {
        tokio::select! {
            biased;
            company = &mut company => return Some(company),
            () = worker.phases.reached(Phase::Draining) => return None,
            // What cannot be extended comes again, and whoever gets it finds the job held.
            _ = extend.tick() => {
                let _ = delivery.extend().await;
            }
        }
    }
}

/// A task whose job has no record: support has erased it meanwhile, or something is wrong.
async fn without_record(worker: &Worker, job_id: JobId, delivery: Delivery) -> JobEnded {
    match worker.backend.jobs.was_erased(job_id).await {
        Ok(true) => {
            info!("the job was erased; nothing to do");
            delivery.ack().await;
            JobEnded::AlreadyFinished
        }
        Ok(false) => {
            error!("there is no record of this job; its task goes to the dead letters");
            delivery.dead_letter("there is no record of this job").await;
            JobEnded::Unusable
        }
        Err(error) => {
            warn!(error = format!("{error:#}"), "the job could not be looked up; its task goes back");
            delivery.put_off("the job could not be looked up").await;
            JobEnded::Retried
        }
    }
}
