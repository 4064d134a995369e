mod approve;
mod erase;
mod search;
mod webhooks;

use std::time::Duration;

use headshot_core::{Failure, JobId, JobRecord, Stage};

use crate::contract::idempotency::Reservation;
use crate::contract::jobs::{
    Change, Claim, Claimed, Company, Finish, JobCounts, dead_letter_sent, fail_abandoned, finish, give_back,
    release, renew, republish, take_back_republishing,
};
use crate::error::Result;
use crate::gcp::GcpRecords;
use crate::handles::dispatch::dispatch;
use crate::local::LocalRecords;

/// The records of all jobs. Every write after [`Jobs::create`] is conditional on what the record says at that moment.
#[derive(Clone)]
pub struct Jobs {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Local(LocalRecords),
    Gcp(GcpRecords),
}

impl Jobs {
    pub(crate) fn local(records: LocalRecords) -> Self {
        Self { kind: Kind::Local(records) }
    }

    pub(crate) fn gcp(records: GcpRecords) -> Self {
        Self { kind: Kind::Gcp(records) }
    }

    /// Writes a new record. When this returns, the job survives `kill -9` and a pulled plug.
    ///
    /// # Errors
    /// A record of that id exists, or the store cannot be written to.
    pub async fn create(&self, record: &JobRecord) -> Result<()> {
        dispatch!(self, records => records.create(record).await)
    }

    /// Writes a new record and answers the reserved idempotency key with its job, both or neither. `false`: the
    /// reservation was taken over meanwhile, and nothing was written.
    ///
    /// # Errors
    /// As [`Jobs::create`].
    pub async fn create_reserved(
        &self,
        record: &JobRecord,
        reservation: &Reservation,
        fingerprint: &str,
    ) -> Result<bool> {
        dispatch!(self, records => records.create_reserved(record, reservation, fingerprint).await)
    }

    /// Reads a record; `None` when there is none.
    ///
    /// # Errors
    /// The store cannot be read, or what it holds is not a record.
    pub async fn get(&self, id: JobId) -> Result<Option<JobRecord>> {
        dispatch!(self, records => records.get(id).await)
    }

    /// Claims a job for `worker`, if it is queued or if its holder's lease has lapsed. Of several claims at a time
    /// one wins.
    ///
    /// # Errors
    /// The store cannot be reached; that the job cannot be had is no error but a [`Claim`].
    pub async fn claim(&self, id: JobId, worker: &str, lease: Duration) -> Result<Claim> {
        self.claim_in(Company::Nobody, id, worker, lease).await
    }

    /// The same for a worker that works on other jobs, too: of those whose holder ended without a word it gets none, but
    /// [`Claim::Suspect`].
    ///
    /// # Errors
    /// As [`Jobs::claim`].
    pub async fn claim_beside_others(&self, id: JobId, worker: &str, lease: Duration) -> Result<Claim> {
        self.claim_in(Company::Others, id, worker, lease).await
    }

    async fn claim_in(&self, company: Company, id: JobId, worker: &str, lease: Duration) -> Result<Claim> {
        dispatch!(self, records => records.claim(id, worker, lease, company).await)
    }

    /// Extends the lease to `lease` from now and notes the stage. `false` means that the claim is lost: another worker
    /// has taken the job over, or it has ended.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn renew(&self, claim: &Claimed, stage: Stage, lease: Duration) -> Result<bool> {
        self.change(claim.id(), renew(claim, stage, lease)).await
    }

    /// Ends the job. `false` means that the claim is lost and nothing was written.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn finish(&self, claim: &Claimed, outcome: Finish) -> Result<bool> {
        self.change_for_good(claim.id(), finish(claim, outcome)).await
    }

    /// Puts the job back to `queued` because the worker stops. The attempt does not count: a job must not fail because
    /// the platform was busy replacing workers. `false` means that the claim is lost.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn give_back(&self, claim: &Claimed, message_for_support: &str) -> Result<bool> {
        self.change(claim.id(), give_back(claim, message_for_support)).await
    }

    /// Puts the job back to `queued` after a failed attempt. `false` means that the claim is lost.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn release(&self, claim: &Claimed, message_for_support: &str) -> Result<bool> {
        self.change(claim.id(), release(claim, message_for_support)).await
    }

    /// Jobs that seem forgotten, longest untouched first: `queued` and not written for `untouched_for`, or
    /// `processing` with a lease that lapsed that long ago. The wait doubles each time the sweep has published the job
    /// again since a worker last had it, up to 16 times as long.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn unfinished(&self, untouched_for: Duration, limit: usize) -> Result<Vec<JobRecord>> {
        dispatch!(self, records => records.unfinished(untouched_for, limit).await)
    }

    /// Notes that the sweep has published the job's task again. `false` means that somebody else has written the record
    /// since `record` was read.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn mark_republished(&self, record: &JobRecord) -> Result<bool> {
        self.change(record.job_id, republish(record)).await
    }

    /// Takes [`Jobs::mark_republished`] back, because the task could not be published: the next sweep tries again. `false`
    /// means that somebody else has written the record since.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn unmark_republished(&self, record: &JobRecord) -> Result<bool> {
        self.change(record.job_id, take_back_republishing(record)).await
    }

    /// Notes that the task of a job that was given up has been set aside.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn dead_letter_sent(&self, id: JobId) -> Result<bool> {
        self.change(id, dead_letter_sent()).await
    }

    /// Ends a job that has used up its attempts while nobody holds it. `false` means that somebody holds it, that it has
    /// ended, or that it was written since `record` was read.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn fail_abandoned(&self, record: &JobRecord, failure: Failure) -> Result<bool> {
        self.change_for_good(record.job_id, fail_abandoned(record, failure)).await
    }

    /// How many jobs are under way. Finished ones are not counted: that would cost more with every job ever made.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn counts(&self) -> Result<JobCounts> {
        dispatch!(self, records => records.counts().await)
    }

    /// What a power cut takes back, a redelivery does again.
    async fn change(&self, id: JobId, change: impl Change) -> Result<bool> {
        dispatch!(self, records => records.change(id, Box::new(change)).await)
    }

    /// The same for a change that a customer may have seen, and which must therefore never be taken back.
    async fn change_for_good(&self, id: JobId, change: impl Change) -> Result<bool> {
        match &self.kind {
            Kind::Local(records) => records.change_for_good(id, Box::new(change)).await,
            Kind::Gcp(records) => records.change(id, Box::new(change)).await,
        }
    }
}
