use headshot_core::{JobId, Tenant};

/// What an entry calls the erasing of a job.
pub const ERASE: &str = "erase";

/// Who did what to a job: kept when the job is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Whose job it is.
    pub tenant: Tenant,
    /// Who did it: the id of a key, or `anonymous`.
    pub actor: String,
    /// What was done, as one word.
    pub action: &'static str,
    /// To which job.
    pub job_id: JobId,
}

/// What came of erasing a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erased {
    /// It is gone.
    Gone,
    /// A job that has not ended is not erased: a worker may be about to write.
    UnderWay,
    /// There was none.
    Missing,
}
