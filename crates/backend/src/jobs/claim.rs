use headshot_core::{ArtefactInfo, Failure, Head, JobId, JobRecord, ModelInfo, Quality, Status};
use jiff::Timestamp;

/// What came of an attempt to claim a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The job is the caller's until the lease lapses.
    Claimed(Box<Claimed>),
    /// The job has ended; nothing is to be done.
    Finished(Status),
    /// Another worker holds the job.
    Held {
        /// When its lease lapses, unless it renews it.
        until: Timestamp,
    },
    /// There is no such job.
    Missing,
}

/// The right to write a job's record: worker and attempt must still be these when something is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    record: JobRecord,
    worker: String,
}

/// How a job ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Finish {
    /// With artefacts.
    Done {
        /// The stored files.
        outputs: Vec<ArtefactInfo>,
        /// The verdict on the photo.
        quality: Quality,
        /// Where the head is.
        head: Head,
        /// What made the matte.
        model: ModelInfo,
        /// How the stored files came about.
        made: Made,
    },
    /// Without.
    Failed {
        /// Why, for the customer.
        failure: Failure,
        /// The verdict on the photo, if it was looked at.
        quality: Option<Quality>,
        /// Where the head is, if it was found.
        head: Option<Head>,
        /// What made the matte, if it was made.
        model: Option<ModelInfo>,
        /// One sentence for support.
        message_for_support: String,
    },
}

/// How a job's artefacts came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// They were rendered.
    Rendered {
        /// What they depend on: see [`JobRecord::render_key`].
        key: String,
    },
    /// They are copies of what an earlier job rendered.
    Taken {
        /// That job.
        from: JobId,
    },
}

impl Made {
    pub(crate) fn key(&self) -> Option<String> {
        match self {
            Self::Rendered { key } => Some(key.clone()),
            Self::Taken { .. } => None,
        }
    }

    pub(crate) fn from(&self) -> Option<JobId> {
        match self {
            Self::Rendered { .. } => None,
            Self::Taken { from } => Some(*from),
        }
    }
}

/// Jobs under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Accepted, held by no worker.
    pub queued: u64,
    /// Held by a worker, or by one that is gone and whose lease has not been taken over yet.
    pub processing: u64,
}

impl Claimed {
    pub(crate) fn new(record: JobRecord, worker: &str) -> Self {
        Self { record, worker: worker.into() }
    }

    /// The record as it was written by the claim.
    pub fn record(&self) -> &JobRecord {
        &self.record
    }

    /// The job.
    pub fn id(&self) -> JobId {
        self.record.job_id
    }

    /// Which claim of the job this is, counted from 1.
    pub fn attempt(&self) -> u32 {
        self.record.attempt
    }

    /// Whether `record` is still this claim's to write.
    pub(crate) fn holds(&self, record: &JobRecord) -> bool {
        record.status == Status::Processing
            && record.attempt == self.record.attempt
            && record.lease.as_ref().is_some_and(|lease| lease.worker == self.worker)
    }
}
