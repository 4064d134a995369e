//! Writing what came of an attempt: the record first, then the delivery.

use std::time::{Duration, Instant};

use headshot_backend::{Claimed, Delivery, Finish};
use headshot_core::{Failure, JobId, Stage};
use headshot_pipeline::Rejection;
use jiff::{SignedDuration, Timestamp};
use tracing::{debug, error, info, warn};

use super::finished;
use super::sentences;
use crate::runtime::outcome::JobEnded;
use crate::worker::Worker;

/// A claimed job and its delivery: the two things that have to be settled together, the record first.
pub(super) struct Held<'a> {
    pub(super) worker: &'a Worker,
    pub(super) claim: &'a Claimed,
    pub(super) delivery: Delivery,
    pub(super) since: Instant,
    pub(super) stages: Vec<(Stage, Duration)>,
}

impl Held<'_> {
    pub(super) async fn done(self, mut finish: Finish) -> JobEnded {
        if let Finish::Done { made, quality, message_for_support, .. } = &mut finish {
            *message_for_support = sentences::done(self.claim.attempt(), self.since.elapsed(), made, quality);
        }
        match self.finish(finish).await {
            Ok(true) => {
                finished::finished("preview and print are ready", None, self.since, &self.stages);
                self.delivery.ack().await;
                JobEnded::Done
            }
            Ok(false) => self.lost().await,
            Err(error) => self.failed_attempt(&error.context("the result could not be recorded")).await,
        }
    }

    pub(super) async fn refused(self, rejection: Rejection) -> JobEnded {
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
                JobEnded::Refused
            }
            Ok(false) => self.lost().await,
            Err(error) => self.failed_attempt(&error.context("the refusal could not be recorded")).await,
        }
    }

    /// Whether the job is young enough to wait for a service. What looks like an outage for a day is none.
    pub(super) fn may_wait(&self) -> bool {
        const LONGEST: SignedDuration = SignedDuration::from_hours(24);
        self.claim.record().created_at.duration_until(Timestamp::now()) < LONGEST
    }

    /// A service is away. That must not use up the job's attempts: it goes back, and comes again after the
    /// queue's back-off.
    pub(super) async fn put_off(self, service: &str, error: &anyhow::Error) -> JobEnded {
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
        JobEnded::Retried
    }

    /// This attempt failed: back to the queue, or the end of the job if it was the last.
    pub(super) async fn failed_attempt(self, error: &anyhow::Error) -> JobEnded {
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
        JobEnded::Retried
    }

    /// No further attempt: the record says so first, then the task goes to the dead letters.
    pub(super) async fn give_up(self, error: &anyhow::Error) -> JobEnded {
        let error = format!("{error:#}");
        let attempts = self.claim.attempt().min(self.worker.config.jobs.max_attempts);
        error!(error, attempts, "the job is given up; its task goes to the dead letters");
        let failure = Finish::Failed {
            failure: sentences::gave_up(),
            quality: None,
            head: None,
            model: None,
            message_for_support: sentences::given_up(attempts, &error),
            dead_letter: Some(error.clone()),
        };
        match self.finish(failure).await {
            Ok(true) => {
                set_aside(self.worker, self.claim.id(), self.delivery, &error).await;
                JobEnded::Failed
            }
            Ok(false) => self.lost().await,
            Err(unrecorded) => {
                // Nobody may be left waiting for a job whose end is written nowhere: it comes round once
                // more.
                warn!(error = format!("{unrecorded:#}"), "that could not be recorded; the task goes back");
                self.delivery.nack(&error).await;
                JobEnded::Retried
            }
        }
    }

    /// The process stops before the job is through.
    pub(super) async fn give_back(self) -> JobEnded {
        info!("the worker stops; the job goes back to the queue");
        let support = sentences::given_back(&self.worker.config.jobs.worker_name);
        if let Err(error) = self.worker.backend.jobs.give_back(self.claim, &support).await {
            warn!(error = format!("{error:#}"), "the claim could not be given back; it will lapse");
        }
        self.delivery.give_back().await;
        JobEnded::GivenBack
    }

    /// Somebody else has the job. Whether they bring it to an end is not known here, so the task is not
    /// acknowledged: when it comes round again, the record will tell.
    pub(super) async fn lost(self) -> JobEnded {
        warn!("the claim was lost to another worker; this result is thrown away");
        self.delivery.put_off("the claim was lost").await;
        JobEnded::ClaimLost
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
        Ok(self.worker.backend.jobs.finish(self.claim, finish).await?)
    }
}

/// Sets a given-up job's task aside; until that is done, the record owes it.
pub(super) async fn set_aside(worker: &Worker, job_id: JobId, delivery: Delivery, reason: &str) {
    if delivery.dead_letter(reason).await
        && let Err(error) = worker.backend.jobs.dead_letter_sent(job_id).await
    {
        debug!(error = format!("{error:#}"), "that the task was set aside could not be recorded");
    }
}
