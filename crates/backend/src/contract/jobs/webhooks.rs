use headshot_core::{JobId, JobRecord, Tenant};
use jiff::Timestamp;

/// The right to send a job's webhook once: until the lease lapses, nobody else has it.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookClaim {
    pub(crate) record: JobRecord,
    pub(crate) until: Timestamp,
}

/// An endpoint that has answered 410 Gone. Nothing is sent to it until support enables it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisabledEndpoint {
    /// Whose it is. The same URL may be alive for another tenant.
    pub tenant: Tenant,
    /// The URL, in its one form.
    pub url: String,
    /// The job whose webhook was answered so.
    pub job_id: JobId,
    /// When.
    pub at: Timestamp,
}

impl WebhookClaim {
    /// The record as it stood when the webhook was claimed.
    pub fn record(&self) -> &JobRecord {
        &self.record
    }
}
