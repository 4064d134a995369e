//! Everything that can go wrong in a request, and the one place that maps it to HTTP.

pub(crate) mod intake_error;
pub(crate) mod job_error;
pub(crate) mod problem;

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use headshot_backend::keys::Scope;
use headshot_core::upload::Refusal;
use headshot_core::{Failure, InvalidWebhookUrl, JobId};

use crate::error::intake_error::IntakeError;
use crate::error::job_error::JobError;
use crate::error::problem::Problem;
use crate::http::body::BodyError;
use crate::limits::{MAX_FIELD_BYTES, MAX_FORM_FIELDS, MAX_ORDER_ID_CHARS};
use crate::middleware::admission::{self, Limit};
use crate::middleware::auth::Refused;

/// Why a request was not served.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// There is nothing at this address.
    NoSuchRoute,
    /// No headshot has this id, or it is no id at all; the two are not told apart.
    NoSuchHeadshot,
    /// They have not shown who they are.
    NotAdmitted(Refused),
    /// They may not do this; the scope is what they lack.
    Forbidden(Scope),
    /// Too many wrong keys came from their address. They may try again after so long.
    LockedOut(Duration),
    /// They have called more often than they may; there is room again after so long.
    Limited(Limit, Duration),
    /// As many photos as the workers can get through wait already; the estimate is of when there will be fewer.
    Backlog(Duration),
    /// The inspector will not have the photo.
    Refused(Refusal),
    /// The body did not arrive as it should.
    Body(BodyError),
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
    /// Something about keys, announced uploads or waits.
    Intake(IntakeError),
    /// The field `cache` says neither `on` nor `off`.
    InvalidCache,
    /// Why something cannot be done to a job.
    Job(JobError),
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

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
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
            ApiError::NotAdmitted(reason) => not_admitted(&reason),
            ApiError::Forbidden(scope) => Problem {
                challenge: Some(format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"").into()),
                ..Problem::new(
                    S::FORBIDDEN,
                    "missing_scope",
                    format!("Your key is valid, but it lacks the scope {scope}, which this call needs."),
                )
            },
            ApiError::LockedOut(wait) => Problem::new(
                S::TOO_MANY_REQUESTS,
                "too_many_failures",
                "Too many wrong keys came from your address. Please check your key, and try again later.",
            )
            .retry_after(admission::seconds(wait).max(1)),
            ApiError::Limited(limit, wait) => limited(limit, wait),
            ApiError::Backlog(wait) => Problem::new(
                S::SERVICE_UNAVAILABLE,
                "backlog",
                "More photos are waiting than we can get through in good time, and yours was not taken. Please send it \
                 again later.",
            )
            .retry_after(admission::seconds(wait).max(1)),
            ApiError::Refused(refusal) => refused(&refusal),
            ApiError::Body(error) => body(error),
            ApiError::MalformedForm => bad(
                "malformed_multipart",
                "The form could not be read: its boundary is missing or wrong, or its end never came.",
            ),
            ApiError::FormTooLarge => bad(
                "form_too_large",
                format!(
                    "Beside the photo a form may have {MAX_FORM_FIELDS} fields of {MAX_FIELD_BYTES} bytes each."
                ),
            ),
            ApiError::MalformedQuery => bad("malformed_query", "The query string could not be read."),
            ApiError::MissingFile => {
                bad("missing_file", "Send the photo in a form field called file, or as the body itself.")
            }
            ApiError::SecondFile => bad("more_than_one_file", "Send one photo at a time."),
            ApiError::DuplicateField(name) => {
                bad("duplicate_field", format!("The field {name} was given more than once."))
            }
            ApiError::InvalidOrderId => bad(
                "invalid_order_id",
                format!("An order_id must be at most {MAX_ORDER_ID_CHARS} printable characters."),
            ),
            ApiError::InvalidCache => bad("invalid_cache", "cache must be on or off."),
            ApiError::UnknownRecipe(sentence) => bad("unknown_recipe", sentence),
            ApiError::InvalidWebhookUrl(error) => bad("invalid_webhook_url", error.to_string()),
            ApiError::NoWebhookSecret => bad(
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
            ApiError::Intake(error) => error.into(),
            ApiError::Job(error) => error.into(),
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

fn bad(code: &'static str, detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, code, detail)
}

fn limited(limit: Limit, wait: Duration) -> Problem {
    let (code, sentence) = match limit {
        Limit::Address => (
            "rate_limited",
            "More calls came from your address than are taken in a minute. Please try again later.",
        ),
        Limit::Key => (
            "rate_limited",
            "More calls came with your key than it allows in a minute. Please try again later.",
        ),
        Limit::Month => (
            "quota_exceeded",
            "Your key has used up the photos that it allows in a calendar month. The next month begins in UTC.",
        ),
    };
    Problem::new(StatusCode::TOO_MANY_REQUESTS, code, sentence).retry_after(admission::seconds(wait).max(1))
}

/// Error codes as RFC 6750 has them; to a request without credentials it says none.
fn not_admitted(reason: &Refused) -> Problem {
    if let Refused::TokensUnavailable(why) = reason {
        let sentence = "Your token cannot be verified just now. Please try again.";
        return ApiError::Unavailable("tokens_unavailable", sentence, anyhow::anyhow!("{why}")).into();
    }
    let (status, code, challenge, sentence) = match reason {
        Refused::NoCredentials => (
            StatusCode::UNAUTHORIZED,
            "key_required",
            "Bearer",
            "This call needs a key. Send it in a header: Authorization: Bearer, a space, and the key.",
        ),
        Refused::Malformed => (
            StatusCode::BAD_REQUEST,
            "malformed_authorization",
            "Bearer error=\"invalid_request\"",
            "The Authorization header could not be understood. Send one: Bearer, a space, and the key.",
        ),
        Refused::InvalidKey => (
            StatusCode::UNAUTHORIZED,
            "invalid_key",
            "Bearer error=\"invalid_token\"",
            "This key is not valid: it is mistyped, unknown or revoked.",
        ),
        Refused::InvalidToken(_) | Refused::TokensUnavailable(_) => (
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "Bearer error=\"invalid_token\"",
            "This token is not accepted: it must be a fresh ID token of Google's, for our audience, of a service account \
             that we know.",
        ),
    };
    // Which of the things was wrong is for whoever reads the log, and not for whoever tries tokens.
    let cause = match reason {
        Refused::InvalidToken(why) => Some(Arc::new(anyhow::anyhow!("the token is not accepted: {why}"))),
        _ => None,
    };
    Problem { challenge: Some(challenge.into()), cause, ..Problem::new(status, code, sentence) }
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

fn body(error: BodyError) -> Problem {
    match error {
        BodyError::TooLarge => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "upload_too_large",
            "The request is larger than we take.",
        ),
        BodyError::Idle | BodyError::TooSlow => Problem {
            retryable: true,
            ..Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "upload_timeout",
                "The photo arrived too slowly and was given up. Please try again on a better connection.",
            )
        },
        BodyError::Stalled => ApiError::MalformedForm.into(),
        BodyError::Interrupted => Problem {
            retryable: true,
            ..bad("upload_interrupted", "The connection broke before the whole photo had arrived.")
        },
    }
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
