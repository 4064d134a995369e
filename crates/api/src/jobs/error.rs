//! Why something cannot be done with a job.

use axum::http::StatusCode;
use headshot_core::{Failure, JobId, Status};

use crate::error::problem::Problem;
use crate::limits::LONGEST_WAIT;

/// Why a job was left as it is.
#[derive(Clone, Debug)]
pub(crate) enum JobError {
    /// What is asked for takes a finished headshot.
    NotDone(JobId, Status),
    /// A picture of this photo has been approved: its job.
    Approved(JobId),
    /// Neither a recipe nor anything else that would be different.
    NothingToChange,
    /// A recipe and parts of one.
    RecipeAndParts,
    /// Only a job that failed, or waits, is tried again.
    NothingToRetry(JobId, Status),
    /// The photo is not kept any more.
    PhotoExpired(JobId),
    /// Nobody is told of this job.
    NoWebhook(JobId),
    /// A worker is at work on it.
    UnderWay(JobId),
    /// The search is not one; the sentence says what is wrong.
    InvalidSearch(&'static str),
    /// The `wait` of a request is not a number of seconds that we wait.
    InvalidWait,
    /// As many clients are listening as we can tell.
    TooManyStreams,
    /// The job is safe, but no worker has been told of it yet.
    Unpublished(JobId),
    /// The job ended without a picture, and the caller waited for one.
    Failed(JobId, Failure),
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Self {
        use StatusCode as S;
        match error {
            JobError::NotDone(id, status) => about(
                id,
                Self::new(
                    S::CONFLICT,
                    "not_done",
                    format!("This takes a headshot that is done, and this one is {status}."),
                ),
            ),
            JobError::Approved(id) => about(
                id,
                Self::new(
                    S::CONFLICT,
                    "approved",
                    format!(
                        "The picture of job {id} has been approved: no other is made of this photo any more. Send the \
                         photo again for another portrait."
                    ),
                ),
            ),
            JobError::NothingToChange => Self::new(
                S::BAD_REQUEST,
                "nothing_to_change",
                "Name a look, a framing or a recipe that is not the one that this headshot has already.",
            ),
            JobError::RecipeAndParts => Self::new(
                S::BAD_REQUEST,
                "recipe_and_parts",
                "Send either a recipe, or a look and a framing that are put into the recipe that the headshot has.",
            ),
            JobError::NothingToRetry(id, status) => about(
                id,
                Self::new(
                    S::CONFLICT,
                    "nothing_to_retry",
                    format!(
                        "Only a job that has failed or is queued can be tried again, and this one is {status}."
                    ),
                ),
            ),
            JobError::PhotoExpired(id) => about(
                id,
                Self::new(
                    S::GONE,
                    "photo_expired",
                    "The photo is not kept any more, so that no other picture can be made of it. Please send it again.",
                ),
            ),
            JobError::NoWebhook(id) => about(
                id,
                Self::new(
                    S::CONFLICT,
                    "no_webhook",
                    "Nobody asked to be told of this job, so there is no webhook to send.",
                ),
            ),
            JobError::UnderWay(id) => about(
                id,
                Self::new(
                    S::CONFLICT,
                    "under_way",
                    format!("A worker is at work on job {id} just now. Try again in a few seconds."),
                )
                .retry_after(5),
            ),
            JobError::InvalidSearch(sentence) => Self::bad_request("invalid_search", sentence),
            JobError::InvalidWait => Self::bad_request(
                "invalid_wait",
                format!("wait must be a whole number of seconds from 0 to {}.", LONGEST_WAIT.as_secs()),
            ),
            JobError::TooManyStreams => Self::new(
                S::SERVICE_UNAVAILABLE,
                "too_many_streams",
                "As many clients as we can serve are listening for events just now. Ask for the headshot itself \
                 instead, every second or with wait, or try again later.",
            )
            .retry_after(10),
            JobError::Unpublished(id) => about(
                id,
                Self::new(
                    S::SERVICE_UNAVAILABLE,
                    "queue_unavailable",
                    "Your photo is safe, but our workers cannot be reached just now. The headshot will be made as soon \
                     as they can; ask for it by its id instead of sending the photo again.",
                )
                .retry_after(5),
            ),
            // A refused photo is the customer's to mend; anything else that ended a job is ours.
            JobError::Failed(id, Failure { code, message }) if code == "internal" => about(
                id,
                Self { retryable: true, ..Self::new(S::INTERNAL_SERVER_ERROR, code, message) },
            ),
            JobError::Failed(id, Failure { code, message }) => {
                about(id, Self::new(S::UNPROCESSABLE_ENTITY, code, message))
            }
        }
    }
}

fn about(id: JobId, problem: Problem) -> Problem {
    Problem { job_id: Some(id), ..problem }
}
