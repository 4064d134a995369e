//! Reading a `multipart/form-data` body: one photo, streamed to where photos go, and a few short fields.

use axum::http::header;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use headshot_core::upload::Refusal;
use multer::{Field, Multipart};

use crate::error::problem::Problem;
use crate::http::body::{BodyError, Gauge, UploadBody};
use crate::http::parameter::{extended, parameter};
use crate::jobs::submit::error::SubmitError;
use crate::jobs::submit::fields::Fields;
use crate::jobs::submit::part_heads::PartHeads;
use crate::jobs::submit::stream::{Intake, Received};
use crate::limits::{MAX_FIELD_BYTES, MAX_FORM_FIELDS};

/// Reads the whole form. The fields may stand before or after the photo, and a file input that was left empty
/// counts as not given. Nothing is kept unless all of the form is in order: the photo comes back received,
/// but not yet stored for good.
pub(crate) async fn read(
    body: UploadBody,
    boundary: String,
    intake: Intake,
    fields: &mut Fields,
) -> Result<Received, Problem> {
    let (stream, gauge) = body.into_paced_stream();
    let mut heads = PartHeads::new(&boundary);
    let stream = stream.map_ok(move |chunk| heads.without_control_characters(chunk));
    let mut form = Multipart::new(stream, boundary);
    let mut waiting = Some(intake);
    let mut photo = None;
    let mut left_empty = false;
    let mut seen = 0;
    while let Some(mut field) = form.next_field().await.map_err(malformed)? {
        gauge.reset();
        seen += 1;
        if seen > MAX_FORM_FIELDS {
            return Err(SubmitError::FormTooLarge.into());
        }
        let name = attribute(&field, "name").unwrap_or_default();
        if name == "file" {
            let encoded = attribute(&field, "filename*").and_then(|value| extended(&value));
            let file_name = encoded.or_else(|| attribute(&field, "filename")).unwrap_or_default();
            let mut piece = chunk(&mut field, &gauge).await?;
            if piece.is_none() && file_name.is_empty() {
                left_empty = true;
                continue;
            }
            let mut intake = waiting.take().ok_or(SubmitError::SecondFile)?;
            fields.set_file_name(&file_name);
            while let Some(bytes) = piece {
                intake.push(bytes).await?;
                piece = chunk(&mut field, &gauge).await?;
            }
            photo = Some(intake.finish()?);
        } else if Fields::NAMES.contains(&name.as_str()) {
            let value = text(&mut field, &gauge).await?;
            fields.set(&name, &value)?;
        } else {
            // Shop forms carry fields of their own. They go by unread, within what the whole body may have.
            while chunk(&mut field, &gauge).await?.is_some() {}
        }
    }
    photo.ok_or(if left_empty { Refusal::Empty.into() } else { SubmitError::MissingFile.into() })
}

/// What `Content-Disposition` says of a field. multer's own reading finds no name where the file's has a blank
/// and "name" in it (`filename="my name.jpg"`) and stands first, and none where the bytes are not UTF-8.
fn attribute(field: &Field<'_>, name: &str) -> Option<String> {
    let disposition = field.headers().get(header::CONTENT_DISPOSITION)?;
    parameter(&String::from_utf8_lossy(disposition.as_bytes()), name)
}

/// A short field's text.
async fn text(field: &mut Field<'_>, gauge: &Gauge) -> Result<String, Problem> {
    let mut value = Vec::new();
    while let Some(chunk) = chunk(field, gauge).await? {
        if value.len() + chunk.len() > MAX_FIELD_BYTES {
            return Err(SubmitError::FormTooLarge.into());
        }
        value.extend_from_slice(&chunk);
    }
    String::from_utf8(value).map_err(|_| SubmitError::MalformedForm.into())
}

/// The next bytes of a field, `None` at its end. multer hands out empty pieces as well.
async fn chunk(field: &mut Field<'_>, gauge: &Gauge) -> Result<Option<Bytes>, Problem> {
    loop {
        let chunk = field.chunk().await.map_err(malformed)?;
        gauge.reset();
        if chunk.as_ref().is_none_or(|chunk| !chunk.is_empty()) {
            return Ok(chunk);
        }
    }
}

/// What ended the body is told apart from a form that makes no sense.
fn malformed(error: multer::Error) -> Problem {
    if let multer::Error::StreamReadFailed(cause) = &error
        && let Some(cause) = cause.downcast_ref::<BodyError>()
    {
        return (*cause).into();
    }
    SubmitError::MalformedForm.into()
}
