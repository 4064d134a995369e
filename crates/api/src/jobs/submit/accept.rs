//! A photo that has arrived becomes a job.

use std::sync::Arc;

use headshot_backend::telemetry::TraceContext;
use headshot_core::{JobId, JobRecord, Tenant, Upload};
use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;
use tracing::Span;

use crate::error::problem::Problem;
use crate::jobs::create::{NewJob, create};
use crate::jobs::idempotency::Reservation;
use crate::jobs::submit::answer::Submitted;
use crate::jobs::submit::fields::Fields;
use crate::jobs::submit::stream::Received;
use crate::middleware::admission::quota::QuotaHold;
use crate::state::App;

/// Who sends a photo, and what their request brings along.
pub(crate) struct Sender {
    /// Whose job it will be.
    pub(crate) tenant: Tenant,
    /// The request's trace.
    pub(crate) trace: TraceContext,
    /// The place in the month's quota of their key.
    pub(crate) quota: QuotaHold,
}

/// A photo that has arrived, with its request or beforehand.
pub(crate) struct Arrival {
    /// The job that it will be.
    pub(crate) id: JobId,
    /// The photo.
    pub(crate) photo: Received,
    /// The values that came with it.
    pub(crate) fields: Fields,
    /// The place among the uploads under way.
    pub(crate) permit: OwnedSemaphorePermit,
}

/// Makes the job, and answers the idempotency key with it.
pub(crate) async fn accept(
    app: &Arc<App>,
    sender: Sender,
    arrival: Arrival,
    reservation: Option<Reservation>,
) -> Result<Submitted, Problem> {
    let Sender { tenant, trace, quota } = sender;
    let Arrival { id, photo, fields, permit } = arrival;
    Span::current().record("job_id", tracing::field::display(id));
    let upload = Upload {
        file_name: fields.file_name().map(str::to_owned),
        content_type: photo.inspected.format.content_type().to_owned(),
        bytes: photo.inspected.bytes,
        sha256: photo.sha256.clone(),
        width: photo.inspected.width,
        height: photo.inspected.height,
    };
    let now = Timestamp::now();
    let job = NewJob {
        record: JobRecord {
            tenant,
            order_id: fields.order_id().map(str::to_owned),
            caching: fields.caching(),
            trace_id: Some(trace.trace_id()),
            ..JobRecord::accepted(id, upload, fields.recipe(), now, now + app.config.record_ttl)
        },
        webhook_url: fields.webhook_url().map(str::to_owned),
        photo: photo.is_new().then_some(photo),
        permit: Some(permit),
        quota: Some(quota),
        trace,
    };
    Ok(create(app, job, reservation).await?.into())
}
