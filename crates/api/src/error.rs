//! Everything that can go wrong in a request, and the one place that maps it to HTTP.

pub(crate) mod intake_error;
pub(crate) mod job_error;
pub(crate) mod problem;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use headshot_core::upload::Refusal;
use headshot_core::{Failure, InvalidWebhookUrl, JobId};

use crate::error::problem::Problem;
use crate::limits::{MAX_FIELD_BYTES, MAX_FORM_FIELDS, MAX_ORDER_ID_CHARS};

/// Why a request was not served.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// There is nothing at this address.
    NoSuchRoute,
    /// No headshot has this id, or it is no id at all; the two are not told apart.
    NoSuchHeadshot,
    /// The inspector will not have the photo.
    Refused(Refusal),
    /// The form is not `multipart/form-data` as it says it is.
    MalformedForm,
    /// The form holds more, or longer, fields than any form of ours.
    FormTooLarge,
    /// The query string is not one.
    MalformedQuery,
    /// The form has no `file` field.
    MissingFile,
    /// The form has a second `file` field.
    SecondFile,
    /// A field that may be given once was given twice.
    DuplicateField(&'static str),
    /// The order number is too long or cannot be shown.
    InvalidOrderId,
    /// There is no such recipe, or it has no such option; the sentence says what there is.
    UnknownRecipe(String),
    /// Nothing can be sent to this URL; the sentence says why.
    InvalidWebhookUrl(InvalidWebhookUrl),
    /// A webhook is asked for that could not be signed.
    NoWebhookSecret,
    /// As many uploads as we take at once are under way.
    Busy,
    /// The job is safe, but no worker has been told of it yet.
    Unpublished(JobId),
    /// The job ended without a picture, and the caller waited for one.
    JobFailed(JobId, Failure),
    /// The signed link was valid once.
    LinkExpired,
    /// The link was not signed by us.
    LinkInvalid,
    /// The field `cache` says neither `on` nor `off`.
    InvalidCache,
    /// A feature's own error, as it will be answered.
    OfAFeature(Box<Problem>),
    /// A dependency is down. The sentence is for the client, the cause for the log.
    Unavailable(&'static str, &'static str, anyhow::Error),
    /// Readiness: the sentence names what is down.
    NotReady(String),
    /// A defect of ours.
    Internal(anyhow::Error),
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::OfAFeature(Box::new(problem))
    }
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        use StatusCode as S;
        match error {
            ApiError::NoSuchRoute => {
                Problem::new(S::NOT_FOUND, "no_such_route", "There is nothing at this address.")
            }
            ApiError::NoSuchHeadshot => Problem::new(
                S::NOT_FOUND,
                "not_found",
                "There is no headshot with this id. It may be mistyped, or old enough to have been deleted.",
            ),
            ApiError::Refused(refusal) => refused(&refusal),
            ApiError::MalformedForm => Problem::bad_request(
                "malformed_multipart",
                "The form could not be read: its boundary is missing or wrong, or its end never came.",
            ),
            ApiError::FormTooLarge => Problem::bad_request(
                "form_too_large",
                format!(
                    "Beside the photo a form may have {MAX_FORM_FIELDS} fields of {MAX_FIELD_BYTES} bytes each."
                ),
            ),
            ApiError::MalformedQuery => Problem::bad_request("malformed_query", "The query string could not be read."),
            ApiError::MissingFile => {
                Problem::bad_request("missing_file", "Send the photo in a form field called file, or as the body itself.")
            }
            ApiError::SecondFile => Problem::bad_request("more_than_one_file", "Send one photo at a time."),
            ApiError::DuplicateField(name) => {
                Problem::bad_request("duplicate_field", format!("The field {name} was given more than once."))
            }
            ApiError::InvalidOrderId => Problem::bad_request(
                "invalid_order_id",
                format!("An order_id must be at most {MAX_ORDER_ID_CHARS} printable characters."),
            ),
            ApiError::InvalidCache => Problem::bad_request("invalid_cache", "cache must be on or off."),
            ApiError::UnknownRecipe(sentence) => Problem::bad_request("unknown_recipe", sentence),
            ApiError::InvalidWebhookUrl(error) => Problem::bad_request("invalid_webhook_url", error.to_string()),
            ApiError::NoWebhookSecret => Problem::bad_request(
                "no_webhook_secret",
                "Webhooks are signed, and there is no secret to sign yours with. Ask us for one, or send no webhook_url.",
            ),
            ApiError::Busy => Problem::new(
                S::SERVICE_UNAVAILABLE,
                "busy",
                "We are receiving as many photos as we can just now. Please try again in a few seconds.",
            )
            .retry_after(3),
            ApiError::Unpublished(job_id) => Problem {
                job_id: Some(job_id),
                ..Problem::new(
                    S::SERVICE_UNAVAILABLE,
                    "queue_unavailable",
                    "Your photo is safe, but our workers cannot be reached just now. The headshot will be made as soon \
                     as they can; ask for it by its id instead of sending the photo again.",
                )
                .retry_after(5)
            },
            ApiError::JobFailed(job_id, failure) => job_failed(job_id, failure),
            ApiError::LinkExpired => Problem::new(
                S::FORBIDDEN,
                "link_expired",
                "This link has expired. Ask for the headshot again to get a fresh one.",
            ),
            ApiError::LinkInvalid => {
                Problem::new(S::FORBIDDEN, "link_invalid", "This link is incomplete or was changed.")
            }
            ApiError::OfAFeature(problem) => *problem,
            ApiError::Unavailable(code, sentence, cause) => {
                let problem = Problem::new(S::SERVICE_UNAVAILABLE, code, sentence).retry_after(5);
                Problem { cause: Some(Arc::new(cause)), ..problem }
            }
            ApiError::NotReady(sentence) => {
                Problem::new(S::SERVICE_UNAVAILABLE, "not_ready", sentence).retry_after(5)
            }
            ApiError::Internal(cause) => {
                Problem { cause: Some(Arc::new(cause)), ..Problem::from_status(S::INTERNAL_SERVER_ERROR) }
            }
        }
    }
}

impl ApiError {
    /// A dependency failed while a photo was being stored.
    pub(crate) fn storage(cause: anyhow::Error) -> Self {
        Self::Unavailable(
            "storage_unavailable",
            "The photo could not be stored just now, and nothing was kept. Please try again.",
            cause,
        )
    }

    /// The job records cannot be read or written.
    pub(crate) fn records(cause: anyhow::Error) -> Self {
        Self::Unavailable(
            "records_unavailable",
            "Our records cannot be reached just now. Please try again.",
            cause,
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let status = match refusal {
        Refusal::Empty => StatusCode::BAD_REQUEST,
        Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::UnsupportedType { .. } | Refusal::Unreadable { .. } | Refusal::Truncated { .. } => {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        }
        Refusal::TooManyPixels { .. } | Refusal::BadShape { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Problem::new(status, refusal.code(), refusal.to_string())
}

/// A refused photo is the customer's to mend; anything else that ended a job is ours.
fn job_failed(job_id: JobId, failure: Failure) -> Problem {
    let problem = if failure.code == "internal" {
        Problem {
            retryable: true,
            ..Problem::new(StatusCode::INTERNAL_SERVER_ERROR, failure.code, failure.message)
        }
    } else {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, failure.code, failure.message)
    };
    Problem { job_id: Some(job_id), ..problem }
}
