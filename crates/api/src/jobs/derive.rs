//! New jobs of photos that are there already.

use headshot_backend::telemetry::TraceContext;
use headshot_core::{BlobKey, JobId, JobRecord};
use jiff::Timestamp;

use crate::error::problem::Problem;
use crate::jobs::create::NewJob;
use crate::jobs::error::JobError;
use crate::middleware::admission::quota::QuotaHold;
use crate::state::App;

/// A new job of the photo of another, whose end is told where the other's was.
pub(crate) fn derived(
    app: &App,
    record: &JobRecord,
    recipe: &str,
    message_for_support: String,
    quota: Option<QuotaHold>,
    trace: TraceContext,
) -> NewJob {
    let now = Timestamp::now();
    NewJob {
        record: JobRecord {
            tenant: record.tenant.clone(),
            order_id: record.order_id.clone(),
            photo_of: Some(record.photo_of.unwrap_or(record.job_id)),
            trace_id: Some(trace.trace_id()),
            message_for_support,
            ..JobRecord::accepted(
                JobId::new(),
                record.upload.clone(),
                recipe,
                now,
                now + app.config.record_ttl,
            )
        },
        webhook_url: record.webhook.as_ref().map(|webhook| webhook.url.clone()),
        photo: None,
        permit: None,
        quota,
        trace,
    }
}

/// Fails where the photo of a job is not kept any more: originals are kept for a shorter time than what was
/// made of them.
pub(crate) async fn photo_is_there(app: &App, record: &JobRecord) -> Result<(), Problem> {
    let original = BlobKey::Original(record.photo_of.unwrap_or(record.job_id));
    let exists = app.backend.blobs.exists(original).await;
    if exists.map_err(|error| Problem::storage(error.context("looking for the original")))? {
        Ok(())
    } else {
        Err(JobError::PhotoExpired(record.job_id).into())
    }
}
