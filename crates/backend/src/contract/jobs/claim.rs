use headshot_core::{ArtefactInfo, Failure, Head, JobId, JobRecord, ModelInfo, Quality, Status};
use jiff::Timestamp;

/// What came of an attempt to claim a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The job is the caller's until the lease lapses.
    Claimed(Box<Claimed>),
    /// The job has ended; nothing is to be done.
    Finished(Status),
    /// The job has been given up, and its task is still to be set aside, for this reason.
    DeadLetterOwed(String),
    /// The worker that held the job ended without a word, perhaps because of it: it is to be claimed by a worker that does
    /// nothing else meanwhile. Nothing was written.
    Suspect,
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
        /// One sentence for support.
        message_for_support: String,
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
        /// Why the task is to be set aside as a dead letter, if it is. It is owed until
        /// [`crate::Jobs::dead_letter_sent`].
        dead_letter: Option<String>,
    },
}

/// What else a worker that claims a job may be doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// It works on other jobs, too, and is not to take one that may be the end of all of them.
    Others,
    /// It works on this job alone.
    Nobody,
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
