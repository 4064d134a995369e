//! Reading a `multipart/form-data` body: one photo, streamed to where photos go, and a few short fields.

use bytes::Bytes;
use multer::{Field, Multipart};

use crate::body::{BodyError, Gauge, UploadBody};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::intake::{Intake, Received};
use crate::limits::{MAX_FIELD_BYTES, MAX_FORM_FIELDS};

/// Reads the whole form. The fields may stand before or after the photo. Nothing is kept unless all of the form is in
/// order: the photo comes back received, but not yet stored for good.
pub(crate) async fn read(
    body: UploadBody,
    boundary: String,
    intake: Intake,
    fields: &mut Fields,
) -> Result<Received, ApiError> {
    let (stream, gauge) = body.into_paced_stream();
    let mut form = Multipart::new(stream, boundary);
    let mut waiting = Some(intake);
    let mut photo = None;
    let mut seen = 0;
    while let Some(mut field) = form.next_field().await.map_err(malformed)? {
        gauge.reset();
        seen += 1;
        if seen > MAX_FORM_FIELDS {
            return Err(ApiError::FormTooLarge);
        }
        if field.name() == Some("file") {
            let mut intake = waiting.take().ok_or(ApiError::SecondFile)?;
            fields.set_file_name(field.file_name().unwrap_or_default())?;
            while let Some(chunk) = chunk(&mut field, &gauge).await? {
                intake.push(chunk).await?;
            }
            photo = Some(intake.finish()?);
        } else if let Some(name) = field.name().filter(|name| Fields::NAMES.contains(name)).map(str::to_owned)
        {
            let value = text(&mut field, &gauge).await?;
            fields.set(&name, &value)?;
        } else {
            // Shop forms carry fields of their own. They go by unread, within what the whole body may have.
            while chunk(&mut field, &gauge).await?.is_some() {}
        }
    }
    photo.ok_or(ApiError::MissingFile)
}

/// A short field's text.
async fn text(field: &mut Field<'_>, gauge: &Gauge) -> Result<String, ApiError> {
    let mut value = Vec::new();
    while let Some(chunk) = chunk(field, gauge).await? {
        if value.len() + chunk.len() > MAX_FIELD_BYTES {
            return Err(ApiError::FormTooLarge);
        }
        value.extend_from_slice(&chunk);
    }
    String::from_utf8(value).map_err(|_| ApiError::MalformedForm)
}

async fn chunk(field: &mut Field<'_>, gauge: &Gauge) -> Result<Option<Bytes>, ApiError> {
    let chunk = field.chunk().await.map_err(malformed)?;
    gauge.reset();
    Ok(chunk)
}

/// What ended the body is told apart from a form that makes no sense.
fn malformed(error: multer::Error) -> ApiError {
    if let multer::Error::StreamReadFailed(cause) = &error
        && let Some(cause) = cause.downcast_ref::<BodyError>()
    {
        return ApiError::Body(*cause);
    }
    ApiError::MalformedForm
}
