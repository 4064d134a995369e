//! Why what was sent does not become a job.

use axum::http::StatusCode;
use headshot_core::{InvalidWebhookUrl, JobId};

use crate::error::problem::Problem;
use crate::http::body::BodyError;
use crate::limits::{MAX_FIELD_BYTES, MAX_FORM_FIELDS, MAX_ORDER_ID_CHARS};

/// What is wrong with a form, its fields, or the upload that a request names.
#[derive(Clone, Debug)]
pub(crate) enum SubmitError {
    /// The form is not `multipart/form-data` as it says it is.
    MalformedForm,
    /// The form holds more, or longer, fields than any form of ours.
    FormTooLarge,
    /// The form has no `file` field.
    MissingFile,
    /// The form has a second `file` field.
    SecondFile,
    /// A field that may be given once was given twice.
    DuplicateField(&'static str),
    /// The order number is too long or cannot be shown.
    InvalidOrderId,
    /// The field `cache` says neither `on` nor `off`.
    InvalidCache,
    /// There is no such recipe, or it has no such option; the sentence says what there is.
    UnknownRecipe(String),
    /// Nothing can be sent to this URL; the sentence says why.
    InvalidWebhookUrl(InvalidWebhookUrl),
    /// A webhook is asked for that could not be signed.
    NoWebhookSecret,
    /// The upload is unknown, somebody else's, or has expired; the three are not told apart.
    UploadNotFound,
    /// The photo of an upload has not been put yet.
    UploadMissing,
    /// The upload became a job with other fields.
    UploadUsed(JobId),
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::MalformedForm => BodyError::Stalled.into(),
            SubmitError::FormTooLarge => Self::bad_request(
                "form_too_large",
                format!(
                    "Beside the photo a form may have {MAX_FORM_FIELDS} fields of {MAX_FIELD_BYTES} bytes each."
                ),
            ),
            SubmitError::MissingFile => {
                Self::bad_request("missing_file", "Send the photo in a form field called file, or as the body itself.")
            }
            SubmitError::SecondFile => Self::bad_request("more_than_one_file", "Send one photo at a time."),
            SubmitError::DuplicateField(name) => {
                Self::bad_request("duplicate_field", format!("The field {name} was given more than once."))
            }
            SubmitError::InvalidOrderId => Self::bad_request(
                "invalid_order_id",
                format!("An order_id must be at most {MAX_ORDER_ID_CHARS} printable characters."),
            ),
            SubmitError::InvalidCache => Self::bad_request("invalid_cache", "cache must be on or off."),
            SubmitError::UnknownRecipe(sentence) => Self::bad_request("unknown_recipe", sentence),
            SubmitError::InvalidWebhookUrl(error) => Self::bad_request("invalid_webhook_url", error.to_string()),
            SubmitError::NoWebhookSecret => Self::bad_request(
                "no_webhook_secret",
                "Webhooks are signed, and there is no secret to sign yours with. Ask us for one, or send no webhook_url.",
            ),
            SubmitError::UploadNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "upload_not_found",
                "There is no upload with this id. It may be mistyped, or have expired; announce the photo again.",
            ),
            SubmitError::UploadMissing => Self::new(
                StatusCode::CONFLICT,
                "upload_missing",
                "The photo of this upload has not arrived yet. PUT it to the upload's url first, and try again then.",
            )
            .retry_after(2),
            SubmitError::UploadUsed(job_id) => Self {
                job_id: Some(job_id),
                ..Self::new(
                    StatusCode::CONFLICT,
                    "upload_used",
                    "This upload became a job already, with another order_id, recipe or other fields. Announce the \
                     photo again to have another made of it.",
                )
            },
        }
    }
}
