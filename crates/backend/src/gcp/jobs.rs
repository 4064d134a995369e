use std::time::Duration;

use anyhow::{Result, bail};
use headshot_core::{JobId, JobRecord};

use crate::GcpSettings;
use crate::jobs::{Change, Claim, JobCounts};

#[derive(Clone)]
pub(crate) struct GcpRecords {}
const NOT_YET: &str = "not yet";

impl GcpRecords {
    pub(super) async fn connect(_: &GcpSettings) -> Result<Self> {
        Ok(Self {})
    }
    pub(super) async fn check(&self) -> Result<()> {
        bail!(NOT_YET)
    }
    pub(crate) async fn create(&self, _: &JobRecord) -> Result<()> {
        bail!(NOT_YET)
    }
    pub(crate) async fn get(&self, _: JobId) -> Result<Option<JobRecord>> {
        bail!(NOT_YET)
    }
    pub(crate) async fn claim(&self, _: JobId, _: &str, _: Duration) -> Result<Claim> {
        bail!(NOT_YET)
    }
    pub(crate) async fn change(&self, _: JobId, _: impl Change) -> Result<bool> {
        bail!(NOT_YET)
    }
    pub(crate) async fn unfinished(&self, _: Duration, _: usize) -> Result<Vec<JobRecord>> {
        bail!(NOT_YET)
    }
    pub(crate) async fn counts(&self) -> Result<JobCounts> {
        bail!(NOT_YET)
    }
}
