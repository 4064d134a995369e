use std::time::Duration;

use opentelemetry::trace::{Span as _, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use crate::telemetry::trace::About;

/// Writes a job's id on the spans inside the job's own: the pipeline, which opens most of them, knows of no jobs, and a
/// search for the id should find them all.
#[derive(Debug)]
pub(super) struct Inherit;

impl SpanProcessor for Inherit {
    fn on_start(&self, span: &mut Span, parent: &Context) {
        let local = parent.span().span_context().is_valid() && !parent.span().span_context().is_remote();
        if local && let Some(About(job_id)) = parent.get::<About>() {
            span.set_attribute(KeyValue::new("job_id", job_id.to_string()));
        }
    }

    fn on_end(&self, _: SpanData) {}

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
