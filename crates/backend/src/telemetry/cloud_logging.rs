//! A layer that writes log lines as Cloud Logging reads them.
//!
//! `tracing-stackdriver` was looked at first: it puts span fields under a key of their own and renames every field to
//! camel case, so that `jsonPayload.job_id="…"` would find nothing.

use std::fmt;
use std::io::Write;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

const SOURCE_LOCATION: &str = "logging.googleapis.com/sourceLocation";

/// Writes each event as one JSON object a line. The fields of the event and of all spans around it stand side by side at
/// the top, inner ones in place of outer ones of the same name.
pub(super) struct CloudLogging<W> {
    service: String,
    writer: W,
}

/// The fields of one span or event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl<W> CloudLogging<W> {
    pub(super) fn new(service: &str, writer: W) -> Self {
        Self { service: service.into(), writer }
    }
}

impl<S, W> Layer<S> for CloudLogging<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
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
