//! Why something cannot be done to a job that is there.

use axum::http::StatusCode;
use headshot_core::{JobId, Status};

use crate::error::ApiError;
use crate::error::problem::Problem;

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
}

impl From<JobError> for ApiError {
    fn from(error: JobError) -> Self {
        Problem::from(error).into()
    }
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
            JobError::InvalidSearch(sentence) => Self::new(S::BAD_REQUEST, "invalid_search", sentence),
        }
    }
}

fn about(id: JobId, problem: Problem) -> Problem {
    Problem { job_id: Some(id), ..problem }
}
