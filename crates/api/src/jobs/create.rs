//! How every job is made (invariant I1): photo, then record, then task, then the answer.

use std::sync::Arc;

use anyhow::Context;
use headshot_backend::telemetry::TraceContext;
use headshot_core::{BlobKey, JobId, JobRecord, TaskMessage};
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument, Span, warn};

use crate::error::problem::Problem;
use crate::jobs::error::JobError;
use crate::jobs::idempotency::Reservation;
use crate::jobs::idempotency::error::KeyError;
use crate::jobs::submit::error::SubmitError;
use crate::jobs::submit::stream::Received;
use crate::jobs::webhook;
use crate::middleware::admission::quota::QuotaHold;
use crate::state::App;

/// A job that is to be made: of a new photo, of one put beforehand, or of another job's photo.
pub(crate) struct NewJob {
    /// Its record, all but the webhook.
    pub(crate) record: JobRecord,
    /// Where the request wants its end to be told; `None` is where the tenant always has it told.
    pub(crate) webhook_url: Option<String>,
    /// A photo that is not stored for good yet; `None` where it is.
    pub(crate) photo: Option<Received>,
    /// The place among the uploads under way.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
    /// The place held in the key's monthly quota; `None` for jobs that no quota counts.
    pub(crate) quota: Option<QuotaHold>,
    /// The request's trace.
    pub(crate) trace: TraceContext,
}

/// A job whose photo and record are stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Created {
    /// The job.
    pub(crate) id: JobId,
    /// Whether its task is in the queue. If not, the sweep will put it there.
    pub(crate) published: bool,
}

/// Makes a job, and answers the idempotency key with it, both or neither. Once begun this comes to its end
/// even if the client hangs up meanwhile: a photo that is stored and a record that is not would be an orphan.
pub(crate) async fn create(
    app: &Arc<App>,
    job: NewJob,
    reservation: Option<Reservation>,
) -> Result<Created, Problem> {
    let app = app.clone();
    let work = async move { make(&app, job, reservation).await };
    match tokio::spawn(work.instrument(Span::current())).await {
        Ok(outcome) => outcome,
        Err(panic) => Err(Problem::internal(anyhow::Error::new(panic).context("accepting a photo"))),
    }
}

/// Puts the task of a job that is recorded into the queue.
pub(crate) async fn publish(app: &App, record: &JobRecord, trace: &TraceContext) -> Result<(), JobError> {
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
        JobError::Unpublished(id)
    })
}

/// Whether a record is of the job that a request asks for.
pub(crate) fn is_asked_for(
    record: &JobRecord,
    order_id: Option<&str>,
    recipe: &str,
    webhook_url: Option<&str>,
) -> bool {
    let webhook = record.webhook.as_ref().map(|webhook| webhook.url.as_str());
    record.order_id.as_deref() == order_id
        && record.recipe == recipe
        && webhook_url.is_none_or(|asked_for| webhook == Some(asked_for))
}

async fn make(app: &App, job: NewJob, reservation: Option<Reservation>) -> Result<Created, Problem> {
    let NewJob { mut record, webhook_url, photo, permit: _permit, quota, trace } = job;
    let written = match webhook::of_job(app, &record.tenant, webhook_url.as_deref()).await {
        Ok(webhook) => {
            record.webhook = webhook;
            write(app, &record, webhook_url.as_deref(), photo, reservation.as_ref()).await
        }
        Err(refused) => Err(refused),
    };
    if let Some(Reservation { key, .. }) = reservation {
        match &written {
            Ok(Written::WithAnswer) => key.answered(),
            _ => key.release().await,
        }
    }
    written?;
    if let Some(quota) = quota {
        quota.take();
        app.backlog.grows();
    }
    // From here on the job is safe, whatever happens: the sweep publishes what a crash or a queue that is
    // down leaves unpublished.
    let published = publish(app, &record, &trace).await.is_ok();
    Ok(Created { id: record.job_id, published })
}

/// How a record came to be there.
enum Written {
    /// Written by this request, together with the answer to its key, if it has one.
    WithAnswer,
    /// It is there, by this request or by another one of the same upload; whether its key is answered cannot
    /// be told.
    Somehow,
}

/// Photo, then record.
async fn write(
    app: &App,
    record: &JobRecord,
    webhook_url: Option<&str>,
    photo: Option<Received>,
    reservation: Option<&Reservation>,
) -> Result<Written, Problem> {
    let (id, is_new) = (record.job_id, photo.is_some());
    if let Some(photo) = photo {
        photo.commit().await.context("storing the original").map_err(Problem::storage)?;
    }
    let answer =
        reservation.and_then(|Reservation { key, fingerprint }| Some((key.reservation()?, fingerprint)));
    let created = match answer {
        Some((key, fingerprint)) => app.backend.jobs.create_reserved(record, key, fingerprint).await,
        None => app.backend.jobs.create(record).await.map(|()| true),
    };
    match created {
        Ok(true) => Ok(Written::WithAnswer),
        Ok(false) => {
            // Somebody else has taken the key over, and makes the job.
            remove(app, id, is_new).await;
            Err(KeyError::InUse.into())
        }
        // The write may have gone through although its answer was lost. Only then is the job there to be
        // rendered; otherwise the client is told that nothing was kept, and nothing is.
        Err(error) => match app.backend.jobs.get(id).await {
            Ok(Some(known))
                if is_asked_for(&known, record.order_id.as_deref(), &record.recipe, webhook_url) =>
            {
                Ok(Written::Somehow)
            }
            Ok(Some(_)) => Err(SubmitError::UploadUsed(id).into()),
            known => {
                // Where even that cannot be told, the photo stays: a record that is there after all will need
                // it.
                remove(app, id, is_new && known.is_ok()).await;
                Err(Problem::records(error.context("writing the record of a new job")))
            }
        },
    }
}

/// Deletes the original of a job that is not to be, if this request has stored it: one that was put
/// beforehand is still its sender's to use.
async fn remove(app: &App, id: JobId, is_ours: bool) {
    if is_ours && let Err(error) = app.backend.blobs.delete(BlobKey::Original(id)).await {
        warn!(job_id = %id, error = format!("{error:#}"), "an original without a record could not be deleted");
    }
}
