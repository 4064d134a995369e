//! A photo that was put where it belongs beforehand, and that its request only names.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use headshot_core::upload::Limits;
use headshot_core::{BlobKey, JobId, Tenant};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tracing::warn;
use utoipa::ToSchema;

use crate::error::problem::Problem;
use crate::http::json;
use crate::jobs::idempotency;
use crate::jobs::idempotency::{Key, Reservation, Turn};
use crate::jobs::submit::accept::{Arrival, Sender, accept};
use crate::jobs::submit::answer::{OPERATION, Submitted};
use crate::jobs::submit::error::SubmitError;
use crate::jobs::submit::fields::Fields;
use crate::jobs::submit::stream::{Intake, PhotoError, Received};
use crate::openapi::bodies::OnOff;
use crate::state::App;

/// Storage is near, so reading a photo back takes a second; expired uploads are cleared away later than this.
const READ_WITHIN: Duration = Duration::from_secs(120);

/// A photo that was put beforehand, and what is to be made of it. A misspelt field would be a job of another kind than was meant,
/// so there are no others.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"upload_id": "6f1c1a52-9f0e-4c57-8f0b-0a4a6d1de001", "order_id": "1001"}))]
pub(crate) struct Submission {
    /// The id that the photo was announced with.
    #[schema(format = "uuid")]
    upload_id: String,
    /// Your order number.
    #[schema(
        max_length = 128,
        pattern = r"^(?!\s+$)[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$"
    )]
    order_id: Option<String>,
    /// Where the end of this job is to be told.
    #[schema(format = "uri")]
    webhook_url: Option<String>,
    /// What to make: its name and options in any order, each once.
    recipe: Option<String>,
    /// `off` has the photo rendered even if it was before.
    #[schema(value_type = Option<OnOff>)]
    cache: Option<String>,
}

/// Makes a job of an upload, whose id becomes the job's: an upload that is named twice is one job.
pub(crate) async fn submit(
    app: &Arc<App>,
    sender: Sender,
    mut fields: Fields,
    head: Parts,
    body: Body,
) -> Result<Submitted, Problem> {
    let submission: Submission = json::read(&app.config, body).await?;
    let Submission { order_id, recipe, cache, webhook_url, .. } = &submission;
    for (name, value) in
        [("order_id", order_id), ("recipe", recipe), ("cache", cache), ("webhook_url", webhook_url)]
    {
        fields.set(name, value.as_deref().unwrap_or_default())?;
    }
    let id: JobId = submission.upload_id.parse().map_err(|_| SubmitError::UploadNotFound)?;
    let fingerprint = fields.fingerprint(OPERATION).with("upload", Some(&id.to_string())).finish();
    let key = Key::of(&head.headers)?;
    let key = match idempotency::begin(app, &sender.tenant, key).await? {
        Turn::First(key) => key,
        Turn::Again(answered) => {
            let id = idempotency::repeat(app, &answered, &fingerprint).await?;
            return Ok(Submitted::before(id));
        }
    };
    match find(app, id, &sender.tenant, &mut fields).await {
        Ok(Found::Photo(photo, permit)) => {
            let arrival = Arrival { id, photo, fields, permit };
            let reservation = key.map(|key| Reservation { key, fingerprint });
            accept(app, sender, arrival, reservation).await
        }
        other => {
            if let Some(key) = key {
                key.release().await;
            }
            other.map(|_| Submitted::before(id))
        }
    }
}

/// What an upload turned out to be.
enum Found {
    /// A photo, not a job yet.
    Photo(Received, OwnedSemaphorePermit),
    /// A job already.
    Job,
}

async fn find(app: &App, id: JobId, tenant: &Tenant, fields: &mut Fields) -> Result<Found, Problem> {
    let upload = app.backend.uploads.get(id).await.map_err(Problem::records)?;
    let upload = upload.filter(|upload| upload.tenant == *tenant).ok_or(SubmitError::UploadNotFound)?;
    if let Some(name) = &upload.file_name {
        fields.set_file_name(name);
    }
    if let Some(record) = app.backend.jobs.get(id).await.map_err(Problem::records)? {
        return if fields.ask_for(&record) {
            Ok(Found::Job)
        } else {
            Err(SubmitError::UploadUsed(id).into())
        };
    }
    let permit = app.uploads.clone().try_acquire_owned().map_err(|_| Problem::busy())?;
    match timeout(READ_WITHIN, read_back(app, id)).await {
        Ok(Ok(None)) => Err(SubmitError::UploadMissing.into()),
        Ok(Ok(Some(photo))) => Ok(Found::Photo(photo, permit)),
        Ok(Err(PhotoError::Refused(refusal))) => {
            // It can never become a job, and its link takes no second photo.
            forget(app, id).await;
            Err(refusal.into())
        }
        Ok(Err(error)) => Err(error.into()),
        Err(_) => {
            Err(Problem::storage(anyhow::anyhow!("reading an upload took over {} s", READ_WITHIN.as_secs())))
        }
    }
}

/// Looks at the stored photo as at one that comes in, chunk by chunk; `None` if it has not been put yet.
async fn read_back(app: &App, id: JobId) -> Result<Option<Received>, PhotoError> {
    let opened = app.backend.blobs.open(BlobKey::Original(id)).await.map_err(PhotoError::Storage)?;
    let Some(mut reader) = opened else { return Ok(None) };
    let limits = Limits { bytes: app.config.max_signed_upload_bytes, ..Limits::default() };
    let mut intake = Intake::looking(limits);
    while let Some(chunk) = reader.next().await.map_err(PhotoError::Storage)? {
        intake.push(chunk).await?;
        tokio::task::yield_now().await;
    }
    intake.finish().map(Some)
}

async fn forget(app: &App, id: JobId) {
    let blob = app.backend.blobs.delete(BlobKey::Original(id)).await;
    if let Err(error) = blob.and(app.backend.uploads.forget(id).await) {
        warn!(job_id = %id, error = format!("{error:#}"), "a refused upload could not be deleted");
    }
}
