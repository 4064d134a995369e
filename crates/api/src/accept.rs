//! The moment a photo becomes a job (invariant I1): blob, then record, then task, then the answer.

use std::sync::Arc;

use anyhow::Context;
use headshot_backend::telemetry::TraceContext;
use headshot_core::{BlobKey, JobId, JobRecord, TaskMessage, Upload};
use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument, Span, warn};

use crate::error::ApiError;
use crate::fields::Fields;
use crate::intake::Received;
use crate::routes::App;
use crate::webhook;

/// Accepts `photo` as the job `id`. Once begun this comes to its end even if the client hangs up meanwhile: a photo that
/// is stored and a record that is not would be an orphan.
pub(crate) async fn accept(
    app: Arc<App>,
    id: JobId,
    photo: Received,
    fields: Fields,
    trace: TraceContext,
    permit: OwnedSemaphorePermit,
) -> Result<(), ApiError> {
    Span::current().record("job_id", tracing::field::display(id));
    let work = async move {
        let _permit = permit;
        store(&app, id, photo, &fields, &trace).await
    };
    match tokio::spawn(work.instrument(Span::current())).await {
        Ok(outcome) => outcome,
        Err(panic) => Err(ApiError::Internal(anyhow::Error::new(panic).context("accepting a photo"))),
    }
}

async fn store(
    app: &App,
    id: JobId,
    photo: Received,
    fields: &Fields,
    trace: &TraceContext,
) -> Result<(), ApiError> {
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
    record.order_id = fields.order_id().map(str::to_owned);
    record.trace_id = Some(trace.trace_id());
    record.webhook = webhook::of_job(app, &record.tenant, fields.webhook_url())?;

    photo.commit().await.context("storing the original").map_err(ApiError::storage)?;
    if let Err(error) = app.backend.jobs.create(&record).await {
        // The write may have gone through although its answer was lost. Only then is the job there to be rendered;
        // otherwise the client is told that nothing was kept, and nothing is.
        let known = app.backend.jobs.get(id).await;
        if !matches!(known, Ok(Some(_))) {
            // Where even that cannot be told, the photo stays: a record that is there after all will need it.
            if known.is_ok()
                && let Err(error) = app.backend.blobs.delete(BlobKey::Original(id)).await
            {
                warn!(job_id = %id, error = format!("{error:#}"), "an original without a record could not be deleted");
            }
            return Err(ApiError::records(error.context("writing the record of a new job")));
        }
    }
    // From here on the job is safe, whatever happens: the sweep publishes what a crash or a queue that is down leaves
    // unpublished.
    let key = BlobKey::Original(id);
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
