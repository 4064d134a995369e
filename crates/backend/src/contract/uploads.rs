use headshot_core::{JobId, Tenant};
use jiff::Timestamp;

/// An announced photo. Its id is that of the job to be, and [`headshot_core::BlobKey::Original`] of it is
/// where the photo goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingUpload {
    /// The upload, and later the job.
    pub id: JobId,
    /// Who announced it, and nobody else may use it.
    pub tenant: Tenant,
    /// The type that the sender declared.
    pub content_type: String,
    /// The size that the sender declared, and the only one that the link takes.
    pub bytes: u64,
    /// What the customer's file is called.
    pub file_name: Option<String>,
    /// When it is forgotten.
    pub expire_at: Timestamp,
}
