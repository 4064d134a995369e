use headshot_core::JobId;
use jiff::Timestamp;

use crate::contract::uploads::PendingUpload;
use crate::error::Result;
use crate::gcp::GcpRecords;
use crate::handles::dispatch::dispatch;
use crate::local::LocalUploadRows;

/// Photos that were announced and are to be put where they belong with a signed link, by their sender.
#[derive(Clone)]
pub struct Uploads {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Local(LocalUploadRows),
    Gcp(GcpRecords),
}

impl Uploads {
    pub(crate) fn local(rows: LocalUploadRows) -> Self {
        Self { kind: Kind::Local(rows) }
    }

    pub(crate) fn gcp(records: GcpRecords) -> Self {
        Self { kind: Kind::Gcp(records) }
    }

    /// Remembers an announced photo.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn create(&self, upload: &PendingUpload) -> Result<()> {
        dispatch!(self, records => records.create_upload(upload).await)
    }

    /// Reads it; `None` when there is none, or none any more.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn get(&self, id: JobId) -> Result<Option<PendingUpload>> {
        let found = dispatch!(self, records => records.get_upload(id).await);
        Ok(found?.filter(|upload| upload.expire_at > Timestamp::now()))
    }

    /// Forgets it. That there is none is no error.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn forget(&self, id: JobId) -> Result<()> {
        dispatch!(self, records => records.forget_upload(id).await)
    }

    /// Removes up to `limit` uploads that expired ten minutes ago or earlier, and of those that never became a job the
    /// blob. How many were removed. Half-written files of killed processes go as well. On Google Cloud the TTL policy and the bucket's lifecycle do this by themselves.
    ///
    /// # Errors
    /// The store cannot be reached; what was removed until then stays removed.
    pub async fn clear_abandoned(&self, limit: usize) -> Result<usize> {
        match &self.kind {
            Kind::Local(rows) => rows.clear_abandoned(limit).await,
            Kind::Gcp(_) => Ok(0),
        }
    }
}
