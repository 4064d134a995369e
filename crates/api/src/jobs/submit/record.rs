//! The record of a job that a photo is submitted for.

use headshot_backend::telemetry::TraceContext;
use headshot_core::{JobId, JobRecord, Tenant, Upload};
use jiff::Timestamp;

use crate::jobs::submit::fields::Fields;
use crate::jobs::submit::stream::Received;
use crate::state::App;

/// What is written of a photo that has arrived and of the fields that came with it.
pub(crate) fn record(
    app: &App,
    id: JobId,
    tenant: Tenant,
    photo: &Received,
    fields: &Fields,
    trace: &TraceContext,
) -> JobRecord {
    let upload = Upload {
        file_name: fields.file_name().map(str::to_owned),
        content_type: photo.inspected.format.content_type().to_owned(),
        bytes: photo.inspected.bytes,
        sha256: photo.sha256.clone(),
        width: photo.inspected.width,
        height: photo.inspected.height,
    };
    let now = Timestamp::now();
    JobRecord {
        tenant,
        order_id: fields.order_id().map(str::to_owned),
        caching: fields.caching(),
        trace_id: Some(trace.trace_id()),
        ..JobRecord::accepted(id, upload, fields.recipe(), now, now + app.config.record_ttl)
    }
}
