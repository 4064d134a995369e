//! How a record moves, as pure functions from the record as it stands to the record as it shall be. Every backend runs
//! them inside a transaction of its own, so that the rules stand in one place.

use std::time::Duration;

use headshot_core::{Approval, Failure, JobId, JobRecord, Lease, Stage, Status, Webhook};
use jiff::Timestamp;

use super::claim::{Claim, Claimed, Company, Finish};

/// How often the sweep's wait doubles at most.
pub(crate) const MOST_DOUBLINGS: u32 = 4;

/// A conditional write: given the record and the time, the record to write, or `None` to leave it alone. A store where
/// somebody else may write between reading and writing asks again.
pub(crate) trait Change:
    Fn(JobRecord, Timestamp) -> Option<JobRecord> + Send + Sync + 'static
{
}
impl<F: Fn(JobRecord, Timestamp) -> Option<JobRecord> + Send + Sync + 'static> Change for F {}

/// The time as records carry it. Whole microseconds, since that is what every store keeps exactly, and a record must
/// compare equal to itself after a journey through the store.
pub(crate) fn record_time() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// The claimed record, or why it cannot be claimed.
pub(crate) fn claim(
    record: JobRecord,
    worker: &str,
    lease: Duration,
    company: Company,
    now: Timestamp,
) -> Claim {
    if let Some(reason) = record.dead_letter_owed {
        return Claim::DeadLetterOwed(reason);
    }
    match (record.status, &record.lease) {
        (Status::Done | Status::Failed, _) => return Claim::Finished(record.status),
        (Status::Processing, Some(held)) if held.until > now => return Claim::Held { until: held.until },
        (Status::Processing, _) if company == Company::Others => return Claim::Suspect,
        (Status::Processing | Status::Queued, _) => {}
    }
    let attempt = record.attempt.saturating_add(1);
    let record = JobRecord {
        status: Status::Processing,
        stage: Some(Stage::Fetch),
        attempt,
        lease: Some(Lease { worker: worker.into(), until: later(now, lease) }),
        message_for_support: format!(
            "Worker {worker} is at work on it since {}, attempt {attempt}.",
            now.strftime("%H:%M UTC")
        ),
        // Whoever claims a job has its task: a sweep need not wait longer than for a new one.
        republished: 0,
        started_at: record.started_at.or(Some(now)),
        updated_at: now,
        ..record
    };
    Claim::Claimed(Box::new(Claimed::new(record, worker)))
}

/// See [`crate::Jobs::renew`].
pub(crate) fn renew(claim: &Claimed, stage: Stage, lease: Duration) -> impl Change + use<> {
    while_held(claim, move |record, now| {
        let lease = record.lease.map(|held| Lease { until: later(now, lease), ..held });
        JobRecord { stage: Some(stage), lease, ..record }
    })
}

/// See [`crate::Jobs::finish`].
pub(crate) fn finish(claim: &Claimed, outcome: Finish) -> impl Change + use<> {
    while_held(claim, move |record, now| {
        let record = JobRecord { lease: None, finished_at: Some(now), ..told(record, now) };
        match outcome.clone() {
            Finish::Done { outputs, quality, head, model, made, message_for_support } => JobRecord {
                status: Status::Done,
                message_for_support,
                outputs,
                cached_from: made.from(),
                render_key: made.key(),
                quality: Some(quality),
                head: Some(head),
                model: Some(model),
                error: None,
                ..record
            },
            Finish::Failed { failure, quality, head, model, message_for_support, dead_letter } => JobRecord {
                status: Status::Failed,
                message_for_support,
                quality,
                head,
                model,
                error: Some(failure),
                dead_letter_owed: dead_letter,
                ..record
            },
        }
    })
}

/// See [`crate::Jobs::dead_letter_sent`].
pub(crate) fn dead_letter_sent() -> impl Change + use<> {
    |record: JobRecord, _| {
        record.dead_letter_owed.is_some().then_some(JobRecord { dead_letter_owed: None, ..record })
    }
}

/// See [`crate::Jobs::release`].
pub(crate) fn release(claim: &Claimed, message_for_support: &str) -> impl Change + use<> {
    let message_for_support = message_for_support.to_owned();
    while_held(claim, move |record, _| JobRecord {
        status: Status::Queued,
        lease: None,
        message_for_support: message_for_support.clone(),
        ..record
    })
}

/// See [`crate::Jobs::give_back`].
pub(crate) fn give_back(claim: &Claimed, message_for_support: &str) -> impl Change + use<> {
    let message_for_support = message_for_support.to_owned();
    while_held(claim, move |record, _| JobRecord {
        status: Status::Queued,
        lease: None,
        attempt: record.attempt.saturating_sub(1),
        message_for_support: message_for_support.clone(),
        ..record
    })
}

/// See [`crate::Jobs::mark_republished`].
pub(crate) fn republish(seen: &JobRecord) -> impl Change + use<> {
    let seen_at = seen.updated_at;
    move |record: JobRecord, now| {
        (!record.status.is_terminal() && record.updated_at == seen_at).then(|| {
            let silent = record
                .lease
                .as_ref()
                .map(|lease| format!("Worker {} was not heard of again; waiting for another.", lease.worker));
            JobRecord {
                republished: record.republished.saturating_add(1),
                message_for_support: silent.unwrap_or_else(|| record.message_for_support.clone()),
                updated_at: now,
                ..record
            }
        })
    }
}

/// See [`crate::Jobs::unmark_republished`].
pub(crate) fn take_back_republishing(seen: &JobRecord) -> impl Change + use<> {
    let (republished, updated_at, message) =
        (seen.republished, seen.updated_at, seen.message_for_support.clone());
    move |record: JobRecord, _| {
        let ours = !record.status.is_terminal() && record.republished == republished.saturating_add(1);
        ours.then(|| JobRecord { republished, updated_at, message_for_support: message.clone(), ..record })
    }
}

/// See [`crate::Jobs::fail_abandoned`].
pub(crate) fn fail_abandoned(seen: &JobRecord, failure: Failure) -> impl Change + use<> {
    let seen_at = seen.updated_at;
    move |record: JobRecord, now| {
        let held = record.lease.as_ref().is_some_and(|lease| lease.until > now);
        (!record.status.is_terminal() && !held && record.updated_at == seen_at).then(|| JobRecord {
            status: Status::Failed,
            lease: None,
            message_for_support: format!(
                "Given up after {} {}: no worker finished it.",
                record.attempt,
                if record.attempt == 1 { "attempt" } else { "attempts" }
            ),
            error: Some(failure.clone()),
            // Its task may still be in the queue. The worker that gets it publishes the dead letter.
            dead_letter_owed: Some("no worker finished it".into()),
            finished_at: Some(now),
            updated_at: now,
            ..told(record, now)
        })
    }
}

/// See [`crate::Jobs::approve`].
pub(crate) fn approve(approval: Approval) -> impl Change + use<> {
    move |record: JobRecord, _| {
        let other = record.approval.as_ref().is_some_and(|earlier| earlier.job_id != approval.job_id);
        (!other).then(|| JobRecord {
            approval: Some(record.approval.clone().unwrap_or_else(|| approval.clone())),
            ..record
        })
    }
}

/// See [`crate::Jobs::forget_approval`].
pub(crate) fn forget_approval(of: JobId) -> impl Change + use<> {
    move |record: JobRecord, _| {
        let ours = record.approval.as_ref().is_some_and(|approval| approval.job_id == of);
        ours.then_some(JobRecord { approval: None, ..record })
    }
}

/// See [`crate::Jobs::withdraw`].
pub(crate) fn withdraw(failure: Failure) -> impl Change + use<> {
    move |record: JobRecord, now| {
        (record.status == Status::Queued).then(|| JobRecord {
            status: Status::Failed,
            lease: None,
            message_for_support: "Withdrawn before a worker took it: it is being erased.".into(),
            error: Some(failure.clone()),
            finished_at: Some(now),
            updated_at: now,
            ..record
        })
    }
}

/// A change that happens only while `claim` holds the record.
fn while_held<F>(claim: &Claimed, change: F) -> impl Change + use<F>
where
    F: Fn(JobRecord, Timestamp) -> JobRecord + Send + Sync + 'static,
{
    let claim = claim.clone();
    move |record: JobRecord, now| {
        claim.holds(&record).then(|| JobRecord { updated_at: now, ..change(record, now) })
    }
}

/// The job ends, and from now on the shop is owed a word of it.
fn told(record: JobRecord, now: Timestamp) -> JobRecord {
    let webhook = record.webhook.map(|webhook: Webhook| webhook.due(now));
    JobRecord { webhook, ..record }
}

fn later(now: Timestamp, duration: Duration) -> Timestamp {
    now.checked_add(duration).unwrap_or(Timestamp::MAX)
}
