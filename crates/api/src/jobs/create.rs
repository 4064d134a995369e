//! The moment a photo becomes a job (invariant I1): blob, then record, then task, then the answer.

use std::sync::Arc;

use anyhow::Context;
use headshot_backend::telemetry::TraceContext;
use headshot_core::{BlobKey, JobId, JobRecord, TaskMessage, Tenant, Upload};
use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument, Span, warn};

use crate::error::ApiError;
use crate::error::intake_error::IntakeError;
use crate::jobs::idempotency::Reserved;
use crate::jobs::submit::fields::Fields;
use crate::jobs::submit::stream::Received;
use crate::jobs::webhook;
use crate::state::App;

/// A photo that is to become a job.
pub(crate) struct Acceptance {
    /// The job.
    pub(crate) id: JobId,
    /// Whose it is.
    pub(crate) tenant: Tenant,
    /// The photo, received or stored beforehand.
    pub(crate) photo: Received,
    /// What came with it.
    pub(crate) fields: Fields,
    /// The idempotency key that is answered with the job, and the request's fingerprint.
    pub(crate) answer: Option<(Reserved, String)>,
    /// The request's trace.
    pub(crate) trace: TraceContext,
    /// The place among the uploads under way.
    pub(crate) permit: OwnedSemaphorePermit,
}

/// Accepts a photo as a job. Once begun this comes to its end even if the client hangs up meanwhile: a photo that
/// is stored and a record that is not would be an orphan.
pub(crate) async fn accept(app: Arc<App>, acceptance: Acceptance) -> Result<(), ApiError> {
    Span::current().record("job_id", tracing::field::display(acceptance.id));
    let work = async move { store(&app, acceptance).await };
    match tokio::spawn(work.instrument(Span::current())).await {
        Ok(outcome) => outcome,
        Err(panic) => Err(ApiError::Internal(anyhow::Error::new(panic).context("accepting a photo"))),
    }
}

async fn store(app: &App, acceptance: Acceptance) -> Result<(), ApiError> {
    let Acceptance { id, tenant, photo, fields, answer, trace, permit: _permit } = acceptance;
    let upload = Upload {
        file_name: fields.file_name().map(str::to_owned),
        content_type: photo.inspected.format.content_type().to_owned(),
        bytes: photo.inspected.bytes,
        sha256: photo.sha256.clone(),
        width: photo.inspected.width,
        height: photo.inspected.height,
    };
    let now = Timestamp::now();
    let mut record = JobRecord::accepted(id, upload, fields.recipe(), now, now + app.config.record_ttl);
    record.tenant = tenant;
    record.order_id = fields.order_id().map(str::to_owned);
    record.caching = fields.caching();
    record.trace_id = Some(trace.trace_id());

    let written = match webhook::of_job(app, &record.tenant, fields.webhook_url()).await {
        Ok(webhook) => {
            record.webhook = webhook;
            write(app, &record, photo, &fields, &answer).await
        }
        Err(refused) => Err(refused),
    };
    if let Some((key, _)) = answer {
        match &written {
            Ok(Written::WithAnswer) => key.answered(),
            _ => key.release().await,
        }
    }
    written?;
    // From here on the job is safe, whatever happens: the sweep publishes what a crash or a queue that is down leaves
    // unpublished.
    publish(app, &record, &trace).await
}

/// Puts the task of a job that is recorded into the queue.
pub(crate) async fn publish(app: &App, record: &JobRecord, trace: &TraceContext) -> Result<(), ApiError> {
    let id = record.job_id;
    let key = BlobKey::Original(record.photo_of.unwrap_or(id));
    let task = TaskMessage {
        v: TaskMessage::VERSION,
        job_id: id,
        orig_bucket: app.config.backend.bucket_of_originals().into(),
        orig_key: key.path(),
    };
    let published = app.backend.tasks.publish(&task, Some(&trace.traceparent())).await;
    app.metrics.accepted();
    published.map_err(|error| {
        warn!(job_id = %id, error = format!("{error:#}"), "a task could not be published; the sweep will");
        ApiError::Unpublished(id)
    })
}

/// How a record came to be there.
enum Written {
    /// Written by this request, together with the answer to its key, if it has one.
    WithAnswer,
    /// It is there, by this request or by another one of the same upload; whether its key is answered cannot be told.
    Somehow,
}

/// Blob, then record.
async fn write(
    app: &App,
    record: &JobRecord,
    photo: Received,
    fields: &Fields,
    answer: &Option<(Reserved, String)>,
) -> Result<Written, ApiError> {
    let (id, is_new) = (record.job_id, photo.is_new());
    photo.commit().await.context("storing the original").map_err(ApiError::storage)?;
    let key = answer.as_ref().and_then(|(key, fingerprint)| Some((key.reservation()?, fingerprint)));
    let created = match key {
        Some((reservation, fingerprint)) => {
            app.backend.jobs.create_reserved(record, reservation, fingerprint).await
        }
        None => app.backend.jobs.create(record).await.map(|()| true),
    };
    match created {
        Ok(true) => Ok(Written::WithAnswer),
        Ok(false) => {
            // Somebody else has taken the key over, and makes the job.
            remove(app, id, is_new).await;
            Err(IntakeError::KeyInUse.into())
        }
        // The write may have gone through although its answer was lost. Only then is the job there to be rendered;
        // otherwise the client is told that nothing was kept, and nothing is.
        Err(error) => match app.backend.jobs.get(id).await {
            Ok(Some(known)) if fields.ask_for(&known) => Ok(Written::Somehow),
            Ok(Some(_)) => Err(IntakeError::UploadUsed(id).into()),
            known => {
                // Where even that cannot be told, the photo stays: a record that is there after all will need it.
                remove(app, id, is_new && known.is_ok()).await;
                Err(ApiError::records(error.context("writing the record of a new job")))
            }
        },
    }
}

/// Deletes the original of a job that is not to be, if this request has stored it: one that was put beforehand is still
/// its sender's to use.
async fn remove(app: &App, id: JobId, is_ours: bool) {
    if is_ours && let Err(error) = app.backend.blobs.delete(BlobKey::Original(id)).await {
        warn!(job_id = %id, error = format!("{error:#}"), "an original without a record could not be deleted");
    }
}
