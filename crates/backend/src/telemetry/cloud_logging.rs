//! A layer that writes log lines as Cloud Logging reads them.
//!
//! `tracing-stackdriver` was looked at first: it puts span fields under a key of their own and renames every field to
//! camel case, so that `jsonPayload.job_id="…"` would find nothing.

use std::fmt;
use std::io::Write;
use std::sync::OnceLock;

use jiff::Timestamp;
use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value, json};
use tracing::dispatcher::WeakDispatch;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

const SOURCE_LOCATION: &str = "logging.googleapis.com/sourceLocation";
const TRACE: &str = "logging.googleapis.com/trace";
const SPAN_ID: &str = "logging.googleapis.com/spanId";
const TRACE_SAMPLED: &str = "logging.googleapis.com/trace_sampled";

/// Writes each event as one JSON object a line. The fields of the event and of all spans around it stand side by side at
/// the top, inner ones in place of outer ones of the same name; beside them stands the trace.
pub(super) struct CloudLogging<W> {
    service: String,
    /// What comes before a trace's id in its name, where the project is known.
    traces: Option<String>,
    /// The way to the layer that knows the spans' places in their traces.
    dispatch: OnceLock<WeakDispatch>,
    writer: W,
}

/// The fields of one span or event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl<W> CloudLogging<W> {
    pub(super) fn new(service: &str, project_id: Option<&str>, writer: W) -> Self {
        let traces = project_id.map(|project| format!("projects/{project}/traces/"));
        Self { service: service.into(), traces, dispatch: OnceLock::new(), writer }
    }

    /// Cloud Logging's link from a line to its trace. A name without the project would lead nowhere.
    fn link(&self, mut inner_to_outer: impl Iterator<Item = Id>, line: &mut Map<String, Value>) {
        let Some(dispatch) = self.dispatch.get().and_then(WeakDispatch::upgrade) else { return };
        // A library's span is in no trace; ours around it is.
        let Some(context) = inner_to_outer.find_map(|span| get_otel_context(&span, &dispatch)) else {
            return;
        };
        let span = context.span();
        let place = span.span_context();
        if !place.is_valid() {
            return;
        }
        if let Some(traces) = &self.traces {
            line.insert(TRACE.into(), format!("{traces}{}", place.trace_id()).into());
        }
        line.insert(SPAN_ID.into(), place.span_id().to_string().into());
        line.insert(TRACE_SAMPLED.into(), place.is_sampled().into());
    }
}

impl<S, W> Layer<S> for CloudLogging<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        let _ = self.dispatch.set(dispatch.downgrade());
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Map::new();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(Fields(fields)) = span.extensions().get::<Fields>() {
                line.extend(fields.clone());
            }
        }
        let mut own = Fields::default();
        event.record(&mut own);
        line.extend(own.0);
        // Last, so that no field of a span can pass itself off as one of these.
        let metadata = event.metadata();
        line.insert("severity".into(), severity(*metadata.level()).into());
        line.insert("time".into(), Timestamp::now().to_string().into());
        line.insert("service".into(), self.service.as_str().into());
        line.insert("target".into(), metadata.target().into());
        if let (Some(file), Some(number)) = (metadata.file(), metadata.line()) {
            // Cloud Logging wants the line number, an int64, as a string.
            line.insert(SOURCE_LOCATION.into(), json!({ "file": file, "line": number.to_string() }));
        }
        if let Some(scope) = context.event_scope(event) {
            self.link(scope.map(|span| span.id()), &mut line);
        }
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // In one write, so that lines of several threads do not mix. There is nowhere to report a failure to.
        let _ = self.writer.make_writer_for(metadata).write_all(text.as_bytes());
    }
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().into(), format!("{value:?}").into());
    }
}
