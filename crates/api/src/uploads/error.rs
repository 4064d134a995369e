//! Why a photo is not taken beforehand.

use axum::http::StatusCode;

use crate::error::problem::Problem;

/// What is wrong with an announced upload, or with what is put to its link.
#[derive(Clone, Debug)]
pub(crate) enum UploadError {
    /// The link has been used.
    Exists,
    /// What is put is not what the link was made for; the sentence says in what.
    Mismatch(String),
    /// A type of photo that we do not take.
    UnsupportedType,
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Exists => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "upload_exists",
                "A photo has been put to this link already, or it is no longer expected. Announce the photo again to \
                 get a new link.",
            ),
            UploadError::Mismatch(sentence) => Self::bad_request("upload_mismatch", sentence),
            UploadError::UnsupportedType => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_type",
                "The content_type of an upload must be that of a photo, such as image/jpeg, or application/octet-stream \
                 where it is not known.",
            ),
        }
    }
}
