//! Our spans in OpenTelemetry's words, so that tools which know its conventions show them as what they are.

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Key, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use std::time::Duration;

/// An exporter that is given translated spans.
#[derive(Debug)]
pub(super) struct Translated<E>(pub E);

/// Asked every few seconds by machines; nobody wants to read traces of that.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

impl<E: SpanExporter> SpanExporter for Translated<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.retain(|span| !is_probe(span));
        if batch.is_empty() {
            return Ok(());
        }
        batch.iter_mut().for_each(translate);
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn is_probe(span: &SpanData) -> bool {
    span.name == "request" && text(span, "route").is_some_and(|route| PROBES.contains(&route.as_str()))
}

fn translate(span: &mut SpanData) {
    match span.name.as_ref() {
        "request" => {
            span.span_kind = SpanKind::Server;
            let route = text(span, "route").filter(|route| route.starts_with('/'));
            let words = [text(span, "method"), route].into_iter().flatten().collect::<Vec<_>>();
            span.name = words.join(" ").into();
            if number(span, "status").is_some_and(|status| status >= 500) {
                span.status = Status::error("");
            }
            rename(span, "method", "http.request.method");
            rename(span, "route", "http.route");
            rename(span, "status", "http.response.status_code");
        }
        "job" => {
            span.span_kind = SpanKind::Consumer;
            if text(span, "outcome").is_some_and(|outcome| outcome == "retried") {
                span.status = Status::error("this attempt failed");
            }
        }
        "republish" => span.span_kind = SpanKind::Producer,
        "stage" => {
            if let Some(stage) = text(span, "stage") {
                span.name = stage.into();
            }
        }
        _ => {}
    }
    // It is the span's own, and its length says how long it took.
    span.attributes.retain(|attribute| !matches!(attribute.key.as_str(), "trace_id" | "duration_ms"));
}

fn text(span: &SpanData, name: &str) -> Option<String> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key.as_str() == name)?;
    Some(attribute.value.as_str().into_owned())
}

fn number(span: &SpanData, name: &str) -> Option<i64> {
    match span.attributes.iter().find(|attribute| attribute.key.as_str() == name)?.value {
        Value::I64(number) => Some(number),
        _ => None,
    }
}

fn rename(span: &mut SpanData, from: &str, to: &'static str) {
    for attribute in &mut span.attributes {
        if attribute.key.as_str() == from {
            attribute.key = Key::from_static_str(to);
        }
    }
}
