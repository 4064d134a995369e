use headshot_core::{Approval, JobId};

use super::Jobs;
use crate::contract::jobs::{approve, forget_approval};
use crate::error::Result;

impl Jobs {
    /// Notes on the record of `id` which picture was approved. What was approved stays: `false` means that another picture
    /// is, or that there is no such job.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn approve(&self, id: JobId, approval: Approval) -> Result<bool> {
        self.change_for_good(id, approve(approval)).await
    }

    /// Takes the word back that the picture of the job `of` is the one, on the record of `id`, because that picture is being
    /// erased. `false` means that the record does not say so.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn forget_approval(&self, id: JobId, of: JobId) -> Result<bool> {
        self.change_for_good(id, forget_approval(of)).await
    }
}
