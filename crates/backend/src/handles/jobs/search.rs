use headshot_core::{JobId, JobRecord};

use super::{Jobs, Kind};
use crate::contract::jobs::JobSearch;
use crate::error::Result;
use crate::handles::dispatch::dispatch;

impl Jobs {
    /// The jobs that `search` describes, the newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn search(&self, search: &JobSearch) -> Result<Vec<JobRecord>> {
        dispatch!(self, records => records.search(search).await)
    }

    /// The jobs that were made from the photo of `id` without bringing one of their own.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn made_from(&self, id: JobId) -> Result<Vec<JobRecord>> {
        dispatch!(self, records => records.made_from(id).await)
    }

    /// The newest finished job that rendered what this key stands for: see [`JobRecord::render_key`].
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn rendered(&self, render_key: &str) -> Result<Option<JobRecord>> {
        dispatch!(self, records => records.rendered(render_key).await)
    }
}
