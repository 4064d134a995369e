use headshot_core::{Failure, JobId, JobRecord};

use super::{Jobs, Kind};
use crate::contract::jobs::{AuditEntry, ERASE, Erased, withdraw};
use crate::error::Result;
use crate::handles::dispatch::dispatch;

impl Jobs {
    /// Ends a job that no worker has claimed, so that none will. `false` means that it is not queued.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn withdraw(&self, id: JobId, failure: Failure) -> Result<bool> {
        self.change_for_good(id, withdraw(failure)).await
    }

    /// Deletes the record of a job that has ended, and keeps `entry` in its place. The blobs are the caller's to delete, and
    /// before this: without a record nobody knows of them.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn erase(&self, id: JobId, entry: &AuditEntry) -> Result<Erased> {
        dispatch!(self, records => records.erase(id, entry).await)
    }

    /// Lists jobs that have ended and expired. Delete their blobs first, then call [`Self::forget`].
    ///
    /// Empty on Google Cloud: the TTL policy and the buckets' lifecycle delete both there.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn expired(&self, limit: usize) -> Result<Vec<JobRecord>> {
        match &self.kind {
            Kind::Local(records) => records.expired(limit).await,
            Kind::Gcp(_) => Ok(Vec::new()),
        }
    }

    /// Deletes the record of a job that has expired.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn forget(&self, id: JobId) -> Result<()> {
        match &self.kind {
            Kind::Local(records) => records.forget(id).await,
            Kind::Gcp(_) => Ok(()),
        }
    }

    /// Whether there was such a job, and it was erased: why there is no record where a task says there is.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn was_erased(&self, id: JobId) -> Result<bool> {
        dispatch!(self, records => records.was_done(id, ERASE).await)
    }

    /// Keeps a note of what was done to a job that stays.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn audit(&self, entry: &AuditEntry) -> Result<()> {
        dispatch!(self, records => records.audit(entry).await)
    }
}
