use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use headshot_core::BlobKey;

use crate::GcpSettings;

/// The two buckets.
#[derive(Clone)]
pub(crate) struct GcpBlobs {}

/// An upload under way.
pub(crate) struct GcpBlobWriter {}

const NOT_YET: &str = "blobs in Cloud Storage are not supported yet";

impl GcpBlobs {
    pub(crate) async fn connect(_: &GcpSettings) -> Result<Self> {
        Ok(Self {})
    }

    pub(crate) async fn begin(&self, _: BlobKey) -> Result<GcpBlobWriter> {
        bail!(NOT_YET)
    }

    pub(crate) async fn get(&self, _: BlobKey, _: u64) -> Result<Option<Bytes>> {
        bail!(NOT_YET)
    }

    pub(crate) async fn delete(&self, _: BlobKey) -> Result<()> {
        bail!(NOT_YET)
    }

    pub(crate) async fn signed_url(&self, _: BlobKey, _: Duration) -> Result<String> {
        bail!(NOT_YET)
    }

    pub(crate) async fn check(&self) -> Result<()> {
        bail!(NOT_YET)
    }
}

impl GcpBlobWriter {
    pub(crate) async fn write(&mut self, _: Bytes) -> Result<()> {
        bail!(NOT_YET)
    }

    pub(crate) async fn commit(self, _: &str) -> Result<()> {
        bail!(NOT_YET)
    }
}
