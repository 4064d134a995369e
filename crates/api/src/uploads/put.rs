//! `PUT /files/…`: where the upload links of the local backend lead. On Google Cloud they lead to Cloud Storage, which
//! refuses the same things.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headshot_backend::{LocalUploads, UploadTerms};

use crate::error::problem::Problem;
use crate::http::body::{BodyError, Patience, UploadBody};
use crate::jobs::submit::receive::content_length;
use crate::openapi::{bodies, parameters, problems};
use crate::state::App;
use crate::uploads::error::UploadError;

/// Takes one photo of the type and size that the link was signed for, once.
#[utoipa::path(
    put,
    path = "/files/{*path}",
    tag = "files",
    operation_id = "put",
    summary = "Put an announced photo",
    description = "To the `url` of an upload, with the headers that it names.",
    params(parameters::FilePath, parameters::Signed, parameters::SignedTerms),
    request_body(content(
        (bodies::Photo = "image/jpeg"),
        (bodies::Photo = "image/png"),
        (bodies::Photo = "image/webp"),
        (bodies::Photo = "image/heic"),
        (bodies::Photo = "image/heif"),
        (bodies::Photo = "image/avif"),
        (bodies::Photo = "application/octet-stream"),
    )),
    responses((status = 200, description = "The photo is there."), problems::Putting),
)]
pub(crate) async fn put(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let uploads = app.backend.blobs.local_uploads().ok_or_else(Problem::no_such_route)?;
    let (head, body) = request.into_parts();
    let patience = Patience { idle: app.config.upload_idle_timeout, total: app.config.upload_timeout };
    let query = head.uri.query().unwrap_or_default();
    let terms = uploads.verify(head.uri.path(), query);
    // Nothing is read of a request without permission; what it sends is thrown away for a while.
    let limit = terms.as_ref().map_or(0, |terms| terms.bytes);
    let body = UploadBody::new(body, limit, patience);
    let terms = terms?;
    check(&head.headers, &terms)?;
    let expected = app.backend.uploads.get(terms.key.job_id()).await.map_err(Problem::records)?.is_some();
    if !expected || uploads.is_taken(terms.key).await.map_err(Problem::storage)? {
        return Err(UploadError::Exists.into());
    }
    let _permit = app.uploads.clone().try_acquire_owned().map_err(|_| Problem::busy())?;
    if store(&uploads, &terms, body).await? {
        Ok(StatusCode::OK.into_response())
    } else {
        Err(UploadError::Exists.into())
    }
}

fn check(headers: &HeaderMap, terms: &UploadTerms) -> Result<(), Problem> {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if declared.map(str::trim) != Some(terms.content_type.as_str()) {
        let sentence = format!("The content-type of this upload must be {}.", terms.content_type);
        return Err(UploadError::Mismatch(sentence).into());
    }
    match content_length(headers) {
        Some(length) if length > terms.bytes => Err(BodyError::TooLarge.into()),
        Some(length) if length < terms.bytes => Err(too_short(length, terms.bytes)),
        _ => Ok(()),
    }
}

/// Whether the photo was stored; another may have been in the meantime.
async fn store(uploads: &LocalUploads, terms: &UploadTerms, mut body: UploadBody) -> Result<bool, Problem> {
    let mut upload = uploads.begin(terms).await.map_err(Problem::storage)?;
    let mut length = 0;
    while let Some(chunk) = body.next().await? {
        length += chunk.len() as u64;
        upload.write(chunk).await.map_err(Problem::storage)?;
    }
    if length < terms.bytes {
        return Err(too_short(length, terms.bytes));
    }
    upload.commit().await.map_err(Problem::storage)
}

fn too_short(length: u64, announced: u64) -> Problem {
    let sentence = format!("{length} bytes came, and {announced} were announced.");
    UploadError::Mismatch(sentence).into()
}
