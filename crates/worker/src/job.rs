//! One delivery, from the queue to its end.

mod cache;
mod finished;
mod heartbeat;
mod sentences;
mod store;
mod work;

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use headshot_backend::{Claim, Claimed, Delivery, Finish, telemetry};
use headshot_core::{Failure, JobId, Stage};
use headshot_pipeline::Rejection;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::interval;
use tracing::{Instrument, Span, debug, error, field, info, info_span, warn};

use crate::Worker;
use crate::render::stages::StageClock;
use crate::runtime::shutdown::Phase;
use heartbeat::Interrupted;
use work::{Away, Made};

pub use sentences::{gave_up, ordinal};

/// How a delivery ended. The names are the `outcome` of the metric `headshot_jobs_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The headshot is stored and the record is `done`.
    Done,
    /// The photo can never become a headshot; the record is `failed` and says why.
    Refused,
    /// It was tried often enough; the record is `failed` and the task is among the dead letters.
    Failed,
    /// This attempt failed, or a service was away; the task goes back and will be tried again.
    Retried,
    /// The process stops; the task goes back.
    GivenBack,
    /// Somebody else took the job over; this worker's result was thrown away.
    ClaimLost,
    /// The job had ended before, or was erased; nothing was changed.
    AlreadyFinished,
    /// Another worker holds the job; the task waits.
    HeldElsewhere,
    /// Nobody could act on this task: it is malformed or has no record.
    Unusable,
}

impl Ended {
    /// Every way there is.
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::Refused,
        Self::Failed,
        Self::Retried,
        Self::GivenBack,
        Self::ClaimLost,
        Self::AlreadyFinished,
        Self::HeldElsewhere,
        Self::Unusable,
    ];

    /// The name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Retried => "retried",
            Self::GivenBack => "given_back",
            Self::ClaimLost => "claim_lost",
            Self::AlreadyFinished => "already_finished",
            Self::HeldElsewhere => "held_elsewhere",
            Self::Unusable => "unusable",
        }
    }
}

/// Handles one delivery to its end. The permit is given back when the last thread that works on the job has ended.
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
    let ended = claim_and_work(&worker, delivery, permit).instrument(span.clone()).await;
    span.record("outcome", ended.as_str());
    worker.metrics.job_ended(ended);
    worker.metrics.running_changed(-1);
}

async fn claim_and_work(worker: &Arc<Worker>, delivery: Delivery, permit: OwnedSemaphorePermit) -> Ended {
    let job_id = match delivery.task() {
        Ok(task) => task.job_id,
        Err(problem) => {
            let reason = problem.to_string();
            error!(reason, "this task can never be done; it goes to the dead letters");
            delivery.dead_letter(&reason).await;
            return Ended::Unusable;
        }
    };
    let jobs = &worker.config.jobs;
    let Some(beside_others) = wait(worker, &delivery, worker.hands.beside_others()).await else {
        delivery.give_back().await;
        return Ended::GivenBack;
    };
    let mut claim = worker.backend.jobs.claim_beside_others(job_id, &jobs.worker_name, jobs.lease).await;
    // Until the job is settled.
    let (_beside_others, _alone);
    if let Ok(Claim::Suspect) = claim {
        info!("the worker that held this job ended without a word; now it is worked on alone");
        drop(beside_others);
        _alone = match wait(worker, &delivery, worker.hands.alone()).await {
            Some(alone) => alone,
            None => {
                delivery.give_back().await;
                return Ended::GivenBack;
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
            Ended::AlreadyFinished
        }
        Ok(Claim::Finished(status)) => {
            info!(%status, "delivered again although it has ended; nothing to do");
            delivery.ack().await;
            Ended::AlreadyFinished
        }
        Ok(Claim::Held { until }) => {
            debug!(%until, "another worker holds the job; the task waits");
            delivery.put_off("another worker holds the job").await;
            Ended::HeldElsewhere
        }
        // Only beside others.
        Ok(Claim::Suspect) => {
            delivery.put_off("the job is to be worked on alone").await;
            Ended::Retried
        }
        Ok(Claim::Missing) => without_record(worker, job_id, delivery).await,
        Err(error) => {
            warn!(error = format!("{error:#}"), "the job could not be claimed; its task goes back");
            delivery.put_off("the job could not be claimed").await;
            Ended::Retried
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

/// Sets a given-up job's task aside; until that is done, the record owes it.
async fn set_aside(worker: &Worker, job_id: JobId, delivery: Delivery, reason: &str) {
    if delivery.dead_letter(reason).await
        && let Err(error) = worker.backend.jobs.dead_letter_sent(job_id).await
    {
        debug!(error = format!("{error:#}"), "that the task was set aside could not be recorded");
    }
}

/// A task whose job has no record: support has erased it meanwhile, or something is wrong.
async fn without_record(worker: &Worker, job_id: JobId, delivery: Delivery) -> Ended {
    match worker.backend.jobs.was_erased(job_id).await {
        Ok(true) => {
            info!("the job was erased; nothing to do");
            delivery.ack().await;
            Ended::AlreadyFinished
        }
        Ok(false) => {
            error!("there is no record of this job; its task goes to the dead letters");
            delivery.dead_letter("there is no record of this job").await;
            Ended::Unusable
        }
        Err(error) => {
            warn!(error = format!("{error:#}"), "the job could not be looked up; its task goes back");
            delivery.put_off("the job could not be looked up").await;
            Ended::Retried
        }
    }
}

/// One attempt at a job that this worker has claimed.
async fn attempt(
    worker: &Arc<Worker>,
    claim: Claimed,
    delivery: Delivery,
    permit: OwnedSemaphorePermit,
) -> Ended {
    let record = claim.record();
    let mut held = Held { worker, claim: &claim, delivery, since: Instant::now(), stages: Vec::new() };
    // As a signed number, the only kind that traces know.
    Span::current().record("attempt", i64::from(record.attempt));
    // Every attempt before this one ended without a word: whatever this job does to its workers, it will do again.
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
        Ok(Ok(Made::Headshot(finish))) => held.done(*finish).await,
        Ok(Ok(Made::Refusal(rejection))) => held.refused(rejection).await,
        Ok(Err(error)) => match error.downcast_ref::<Away>().map(|away| away.service) {
            Some(service) if held.may_wait() => held.put_off(service, &error).await,
            _ => held.failed_attempt(&error).await,
        },
        Err(Interrupted::TooLong) => {
            let limit = worker.config.jobs.timeout.as_secs();
            held.failed_attempt(&anyhow!("the job took longer than {limit} s")).await
        }
        Err(Interrupted::Stopping) => held.give_back().await,
        Ok(Ok(Made::Nothing)) | Err(Interrupted::ClaimLost) => held.lost().await,
    }
}

/// A claimed job and its delivery: the two things that have to be settled together, the record first.
struct Held<'a> {
    worker: &'a Worker,
    claim: &'a Claimed,
    delivery: Delivery,
    since: Instant,
    stages: Vec<(Stage, Duration)>,
}

impl Held<'_> {
    async fn done(self, mut finish: Finish) -> Ended {
        if let Finish::Done { made, quality, message_for_support, .. } = &mut finish {
            *message_for_support = sentences::done(self.claim.attempt(), self.since.elapsed(), made, quality);
        }
        match self.finish(finish).await {
            Ok(true) => {
                finished::finished("preview and print are ready", None, self.since, &self.stages);
                self.delivery.ack().await;
                Ended::Done
            }
            Ok(false) => self.lost().await,
            Err(error) => self.failed_attempt(&error.context("the result could not be recorded")).await,
        }
    }

    async fn refused(self, rejection: Rejection) -> Ended {
        let message_for_support =
            sentences::refused(&rejection.code, &rejection.message, &self.claim.record().recipe);
        let Rejection { code, message, quality, .. } = rejection;
        let refusal = Finish::Failed {
            failure: Failure { code: code.clone(), message },
            quality,
            head: None,
            model: None,
            message_for_support,
            dead_letter: None,
        };
        match self.finish(refusal).await {
            Ok(true) => {
                finished::finished("the photo was refused", Some(&code), self.since, &self.stages);
                self.delivery.ack().await;
                Ended::Refused
            }
            Ok(false) => self.lost().await,
            Err(error) => self.failed_attempt(&error.context("the refusal could not be recorded")).await,
        }
    }

    /// Whether the job is young enough to wait for a service. What looks like an outage for a day is none.
    fn may_wait(&self) -> bool {
        const LONGEST: SignedDuration = SignedDuration::from_hours(24);
        self.claim.record().created_at.duration_until(Timestamp::now()) < LONGEST
    }

    /// A service is away. That must not use up the job's attempts: it goes back, and comes again after the queue's back-off.
    async fn put_off(self, service: &str, error: &anyhow::Error) -> Ended {
        let error = format!("{error:#}");
        warn!(error, "a service is away; the job goes back to the queue and waits");
        let support = sentences::put_off(self.claim.record(), Timestamp::now(), service, &error);
        match self.worker.backend.jobs.give_back(self.claim, &support).await {
            Ok(true) => {}
            Ok(false) => return self.lost().await,
            // The claim lapses by itself, only later, and that attempt counts.
            Err(error) => {
                warn!(error = format!("{error:#}"), "the claim could not be given back; it will lapse")
            }
        }
        self.delivery.put_off(&error).await;
        Ended::Retried
    }

    /// This attempt failed: back to the queue, or the end of the job if it was the last.
    async fn failed_attempt(self, error: &anyhow::Error) -> Ended {
        let (attempt, of) = (self.claim.attempt(), self.worker.config.jobs.max_attempts);
        if attempt >= of {
            return self.give_up(error).await;
        }
        let error = format!("{error:#}");
        warn!(error, of, "this attempt failed; the job goes back to the queue");
        let support = sentences::will_retry(attempt, of, Timestamp::now(), &error);
        match self.worker.backend.jobs.release(self.claim, &support).await {
            Ok(true) => {}
            Ok(false) => return self.lost().await,
            // The claim lapses by itself, only later.
            Err(error) => {
                warn!(error = format!("{error:#}"), "the claim could not be released; it will lapse")
            }
        }
        self.delivery.nack(&error).await;
        Ended::Retried
    }

    /// No further attempt: the record says so first, then the task goes to the dead letters.
    async fn give_up(self, error: &anyhow::Error) -> Ended {
        let error = format!("{error:#}");
        let attempts = self.claim.attempt().min(self.worker.config.jobs.max_attempts);
        error!(error, attempts, "the job is given up; its task goes to the dead letters");
        let failure = Finish::Failed {
            failure: gave_up(),
            quality: None,
            head: None,
            model: None,
            message_for_support: sentences::given_up(attempts, &error),
            dead_letter: Some(error.clone()),
        };
        match self.finish(failure).await {
            Ok(true) => {
                set_aside(self.worker, self.claim.id(), self.delivery, &error).await;
                Ended::Failed
            }
            Ok(false) => self.lost().await,
            Err(unrecorded) => {
                // Nobody may be left waiting for a job whose end is written nowhere: it comes round once more.
                warn!(error = format!("{unrecorded:#}"), "that could not be recorded; the task goes back");
                self.delivery.nack(&error).await;
                Ended::Retried
            }
        }
    }

    /// The process stops before the job is through.
    async fn give_back(self) -> Ended {
        info!("the worker stops; the job goes back to the queue");
        let support = sentences::given_back(&self.worker.config.jobs.worker_name);
        if let Err(error) = self.worker.backend.jobs.give_back(self.claim, &support).await {
            warn!(error = format!("{error:#}"), "the claim could not be given back; it will lapse");
        }
        self.delivery.give_back().await;
        Ended::GivenBack
    }

    /// Somebody else has the job. Whether they bring it to an end is not known here, so the task is not acknowledged:
    /// when it comes round again, the record will tell.
    async fn lost(self) -> Ended {
        warn!("the claim was lost to another worker; this result is thrown away");
        self.delivery.put_off("the claim was lost").await;
        Ended::ClaimLost
    }

    /// Records the end of the job. A moment of trouble with the records must not cost a finished render.
    async fn finish(&self, finish: Finish) -> anyhow::Result<bool> {
        const TRIES: u32 = 4;
        let mut wait = Duration::from_millis(100);
        for _ in 1..TRIES {
            match self.worker.backend.jobs.finish(self.claim, finish.clone()).await {
                Ok(ours) => {
                    if ours && self.claim.record().webhook.is_some() {
                        self.worker.webhooks.job_finished();
                    }
                    return Ok(ours);
                }
                Err(error) => debug!(error = format!("{error:#}"), "recording the end failed; trying again"),
            }
            tokio::time::sleep(wait).await;
            wait *= 4;
        }
        self.worker.backend.jobs.finish(self.claim, finish).await
    }
}
