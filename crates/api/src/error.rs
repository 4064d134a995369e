//! How a request fails: every feature's own error becomes a [`Problem`], the one thing that is answered.

pub(crate) mod problem;

use std::sync::Arc;

use axum::http::StatusCode;
use headshot_backend::{BackendError, DownloadRefused};
use headshot_core::upload::Refusal;

use crate::error::problem::Problem;

/// What several features answer.
impl Problem {
    /// There is nothing at this address.
    pub(crate) fn no_such_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no_such_route", "There is nothing at this address.")
    }

    /// No headshot has this id, or it is no id at all; the two are not told apart.
    pub(crate) fn no_such_headshot() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is no headshot with this id. It may be mistyped, or old enough to have been deleted.",
        )
    }

    /// As many uploads as we take at once are under way.
    pub(crate) fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "We are receiving as many photos as we can just now. Please try again in a few seconds.",
        )
        .retry_after(3)
    }

    /// A dependency is down. The sentence is for the client, the cause for the log.
    ///
    /// Where what it holds is damaged, no other try helps before a person has mended it: a defect of ours.
    pub(crate) fn unavailable(
        code: &'static str,
        sentence: &'static str,
        cause: impl Into<anyhow::Error>,
    ) -> Self {
        let cause = cause.into();
        if cause.downcast_ref::<BackendError>().is_some_and(|error| !error.is_retryable()) {
            let detail =
                "Something went wrong on our side, and trying again does not help until we have mended it."
                    .into();
            return Self { detail, retryable: false, retry_after: None, ..Self::internal(cause) };
        }
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, sentence).retry_after(5);
        Self { cause: Some(Arc::new(cause)), ..problem }
    }

    /// Storage failed while a photo was being stored.
    pub(crate) fn storage(cause: impl Into<anyhow::Error>) -> Self {
        let sentence = "The photo could not be stored just now, and nothing was kept. Please try again.";
        Self::unavailable("storage_unavailable", sentence, cause)
    }

    /// The job records cannot be read or written.
    pub(crate) fn records(cause: impl Into<anyhow::Error>) -> Self {
        let sentence = "Our records cannot be reached just now. Please try again.";
        Self::unavailable("records_unavailable", sentence, cause)
    }

    /// A defect of ours.
    pub(crate) fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self { cause: Some(Arc::new(cause.into())), ..Self::from_status(StatusCode::INTERNAL_SERVER_ERROR) }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Empty => StatusCode::BAD_REQUEST,
            Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::UnsupportedType { .. } | Refusal::Unreadable { .. } | Refusal::Truncated { .. } => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Refusal::TooManyPixels { .. } | Refusal::BadShape { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, refusal.code(), refusal.to_string())
    }
}

impl From<DownloadRefused> for Problem {
    fn from(refused: DownloadRefused) -> Self {
        let (code, sentence) = match refused {
            DownloadRefused::Expired => {
                ("link_expired", "This link has expired. Ask for the headshot again to get a fresh one.")
            }
            DownloadRefused::BadSignature => ("link_invalid", "This link is incomplete or was changed."),
        };
        Self::new(StatusCode::FORBIDDEN, code, sentence)
    }
}
