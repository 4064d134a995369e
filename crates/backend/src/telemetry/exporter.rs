//! Sending spans to an OpenTelemetry collector, where the standard variables name one.

mod client;
mod inherit;
mod settings;
mod vocabulary;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use super::trace_id::Ids;
use crate::error::{Context, Result, always};
use client::Client;
use inherit::Inherit;
pub(super) use settings::Otlp;
use vocabulary::Translated;

always!(Unavailable: ExporterBuildError);

/// What gives spans their places in traces, and sends them to the collector if there is one.
///
/// Without one there is no thread and no queue; spans still have ids, for log lines and for those who go on with the
/// trace, and whether a trace is recorded is passed on as the client said it, because nothing is decided here.
pub(super) fn provider(service: &'static str, otlp: Option<&Otlp>) -> Result<SdkTracerProvider> {
    let provider = SdkTracerProvider::builder().with_id_generator(Ids::default());
    let Some(otlp) = otlp else {
        let as_the_client_said = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
        return Ok(provider
            .with_sampler(as_the_client_said)
            .with_resource(Resource::builder_empty().build())
            .build());
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client::new(otlp))
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(otlp.timeout)
        .build()
        .context("setting up the export of traces")?;
    let mut resource =
        Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if !otlp.names_service {
        resource = resource.with_service_name(service);
    }
    Ok(provider
        .with_resource(resource.build())
        .with_span_processor(Inherit)
        .with_batch_exporter(Translated(exporter))
        .build())
}
