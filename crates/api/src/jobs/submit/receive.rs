//! A photo that comes with its request: as a form's field, or as the body itself.

use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use headshot_core::JobId;
use headshot_core::upload::{Limits, Refusal};

use crate::error::problem::Problem;
use crate::http::body::{Patience, UploadBody};
use crate::http::parameter::parameter;
use crate::jobs::idempotency;
use crate::jobs::idempotency::{Key, Reservation, Turn};
use crate::jobs::submit::accept::{Arrival, Sender, accept};
use crate::jobs::submit::answer::{OPERATION, Submitted};
use crate::jobs::submit::error::SubmitError;
use crate::jobs::submit::fields::Fields;
use crate::jobs::submit::multipart;
use crate::jobs::submit::stream::Intake;
use crate::limits::FORM_OVERHEAD;
use crate::state::App;

/// Receives the photo and accepts it as a job; or only looks at it, where its key says that this was done before.
pub(crate) async fn receive(
    app: &Arc<App>,
    sender: Sender,
    fields: Result<Fields, Problem>,
    head: Parts,
    body: Body,
) -> Result<Submitted, Problem> {
    let config = &app.config;
    let limits = Limits { bytes: config.max_upload_bytes, ..Limits::default() };
    let boundary = boundary(&head.headers)?;
    let overhead = if boundary.is_some() { FORM_OVERHEAD } else { 0 };
    let patience = Patience { idle: config.upload_idle_timeout, total: config.upload_timeout };
    // The inspector knows the limit of the photo itself; the body's is there for what surrounds it.
    let body = UploadBody::new(body, limits.bytes + FORM_OVERHEAD, patience);

    if content_length(&head.headers).is_some_and(|length| length > limits.bytes + overhead) {
        return Err(Refusal::TooLarge { limit_bytes: limits.bytes }.into());
    }
    let mut fields = fields?;
    let key = Key::of(&head.headers)?;
    let permit = app.uploads.clone().try_acquire_owned().map_err(|_| Problem::busy())?;
    let turn = idempotency::begin(app, &sender.tenant, key).await?;

    let id = JobId::new();
    let intake = match &turn {
        Turn::First(_) => Intake::storing(app.backend.blobs.clone(), id, limits),
        Turn::Again(_) => Intake::looking(limits),
    };
    let read = match boundary {
        Some(boundary) => multipart::read(body, boundary, intake, &mut fields).await,
        None => intake.read(body).await.map_err(Problem::from),
    };
    match (turn, read) {
        (Turn::First(key), Ok(photo)) => {
            let fingerprint = fields.fingerprint(OPERATION).with("photo", Some(&photo.sha256)).finish();
            let arrival = Arrival { id, photo, fields, permit };
            let reservation = key.map(|key| Reservation { key, fingerprint });
            accept(app, sender, arrival, reservation).await
        }
        (Turn::First(Some(key)), Err(error)) => {
            key.release().await;
            Err(error)
        }
        (Turn::Again(answered), Ok(photo)) => {
            let fingerprint = fields.fingerprint(OPERATION).with("photo", Some(&photo.sha256)).finish();
            let id = idempotency::repeat(app, &answered, &fingerprint).await?;
            Ok(Submitted::before(id))
        }
        (Turn::First(None) | Turn::Again(_), Err(error)) => Err(error),
    }
}

/// The boundary of a multipart body. Any other body is the photo itself: what type it declares is not asked, clients are
/// wrong about it too often.
fn boundary(headers: &HeaderMap) -> Result<Option<String>, SubmitError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(None) };
    let declared = value.to_str().unwrap_or_default();
    let kind = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !kind.starts_with("multipart/") {
        return Ok(None);
    }
    let boundary = parameter(declared, "boundary").filter(|boundary| !boundary.is_empty());
    boundary.filter(|_| kind == "multipart/form-data").map(Some).ok_or(SubmitError::MalformedForm)
}

/// What the client says the length of its body is.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
