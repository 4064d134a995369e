//! What can be wrong with idempotency keys, announced uploads and waits.

use axum::http::StatusCode;
use headshot_core::JobId;

use crate::error::ApiError;
use crate::error::problem::Problem;
use crate::limits::{LONGEST_WAIT, MAX_KEY_BYTES};

/// Why a request was not served.
#[derive(Clone, Debug)]
pub(crate) enum IntakeError {
    /// The `Idempotency-Key` is none.
    InvalidKey,
    /// Another request with the key is under way.
    KeyInUse,
    /// The key was used for another request.
    KeyReused,
    /// The job that the key made was erased.
    KeyErased,
    /// The body is not the JSON that it should be; the sentence says what is wrong.
    MalformedJson(String),
    /// The upload is unknown, somebody else's, or has expired; the three are not told apart.
    NoSuchUpload,
    /// The photo of an upload has not been put yet.
    UploadMissing,
    /// The upload became a job with other fields.
    UploadUsed(JobId),
    /// The link has been used.
    UploadExists,
    /// What is put is not what the link was made for; the sentence says in what.
    UploadMismatch(String),
    /// A type of photo that we do not take.
    UnsupportedUpload,
    /// The `wait` of a request is not a number of seconds that we wait.
    InvalidWait,
    /// As many clients are listening as we can tell.
    TooManyStreams,
}

impl From<IntakeError> for ApiError {
    fn from(error: IntakeError) -> Self {
        Problem::from(error).into()
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        use StatusCode as S;
        match error {
            IntakeError::InvalidKey => Self::new(
                S::BAD_REQUEST,
                "invalid_idempotency_key",
                format!(
                    "An Idempotency-Key is one string of 1 to {MAX_KEY_BYTES} printable ASCII characters, in double \
                     quotes or, without spaces, quotes, backslashes, commas and semicolons, as it is. A new UUID for \
                     each order is a good one."
                ),
            ),
            IntakeError::KeyInUse => Self::new(
                S::CONFLICT,
                "idempotency_key_in_use",
                "Another request with this Idempotency-Key is still under way. Ask again in a moment to get its answer.",
            )
            .retry_after(2),
            IntakeError::KeyReused => Self::new(
                S::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "This Idempotency-Key was used for another photo or other fields. Use a new key for a new request.",
            ),
            IntakeError::KeyErased => Self::new(
                S::CONFLICT,
                "idempotency_key_erased",
                "The headshot that this Idempotency-Key made was erased. Use a new key for a new one.",
            ),
            IntakeError::MalformedJson(sentence) => Self::new(S::BAD_REQUEST, "malformed_json", sentence),
            IntakeError::NoSuchUpload => Self::new(
                S::NOT_FOUND,
                "upload_not_found",
                "There is no upload with this id. It may be mistyped, or have expired; announce the photo again.",
            ),
            IntakeError::UploadMissing => Self::new(
                S::CONFLICT,
                "upload_missing",
                "The photo of this upload has not arrived yet. PUT it to the upload's url first, and try again then.",
            )
            .retry_after(2),
            IntakeError::UploadUsed(job_id) => Self {
                job_id: Some(job_id),
                ..Self::new(
                    S::CONFLICT,
                    "upload_used",
                    "This upload became a job already, with another order_id, recipe or other fields. Announce the \
                     photo again to have another made of it.",
                )
            },
            IntakeError::UploadExists => Self::new(
                S::PRECONDITION_FAILED,
                "upload_exists",
                "A photo has been put to this link already, or it is no longer expected. Announce the photo again to \
                 get a new link.",
            ),
            IntakeError::UploadMismatch(sentence) => Self::new(S::BAD_REQUEST, "upload_mismatch", sentence),
            IntakeError::UnsupportedUpload => Self::new(
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_type",
                "The content_type of an upload must be that of a photo, such as image/jpeg, or application/octet-stream \
                 where it is not known.",
            ),
            IntakeError::InvalidWait => Self::new(
                S::BAD_REQUEST,
                "invalid_wait",
                format!("wait must be a whole number of seconds from 0 to {}.", LONGEST_WAIT.as_secs()),
            ),
            IntakeError::TooManyStreams => Self::new(
                S::SERVICE_UNAVAILABLE,
                "too_many_streams",
                "As many clients as we can serve are listening for events just now. Ask for the headshot itself \
                 instead, every second or with wait, or try again later.",
            )
            .retry_after(10),
        }
    }
}
