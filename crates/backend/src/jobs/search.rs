use anyhow::Result;
use headshot_core::{JobId, JobRecord, Status, Tenant};
use jiff::Timestamp;

use super::{Jobs, Kind};

/// What support looks for: jobs of one tenant, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSearch {
    /// Whose jobs.
    pub tenant: Tenant,
    /// Only those that stand like this.
    pub status: Option<Status>,
    /// Only those of this order.
    pub order_id: Option<String>,
    /// Only those that were accepted at that time or later.
    pub since: Option<Timestamp>,
    /// Only those that were accepted before: where the last answer ended.
    pub before: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
}

impl Jobs {
    /// The jobs that `search` describes, the newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn search(&self, search: &JobSearch) -> Result<Vec<JobRecord>> {
        match &self.kind {
            Kind::Local(records) => records.search(search).await,
            Kind::Gcp(records) => records.search(search).await,
        }
    }

    /// The jobs that were made from the photo of `id` without bringing one of their own.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn made_from(&self, id: JobId) -> Result<Vec<JobRecord>> {
        match &self.kind {
            Kind::Local(records) => records.made_from(id).await,
            Kind::Gcp(records) => records.made_from(id).await,
        }
    }

    /// The newest finished job that rendered what this key stands for: see [`JobRecord::render_key`].
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn rendered(&self, render_key: &str) -> Result<Option<JobRecord>> {
        match &self.kind {
            Kind::Local(records) => records.rendered(render_key).await,
            Kind::Gcp(records) => records.rendered(render_key).await,
        }
    }
}
