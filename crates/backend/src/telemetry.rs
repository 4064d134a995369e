//! Logs and traces. Logs: text for people at a terminal, one JSON object a line in Cloud Logging's field names everywhere
//! else. Traces: every request and every job stands in one, whose id is in its log lines and its record; where the
//! standard `OTEL_*` variables name a collector, the spans are sent there too.

mod cloud_logging;
mod exporter;
mod trace;
mod trace_id;

use std::env;
use std::io::{IsTerminal, stderr};
use std::panic;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, error, info};
use tracing_subscriber::filter::{FilterExt, ParseError, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use cloud_logging::CloudLogging;
pub use trace::{TraceContext, begin_job, begin_request, resume};

use crate::error::{BackendError, Context, Result, always};

always!(Damaged: ParseError);
always!(Conflict: TryInitError);

/// Keeps telemetry running; drop it last, at the end of `main`. Spans that have not been sent yet are sent then, within
/// what the grace period has left.
#[must_use = "telemetry ends when the guard is dropped"]
pub struct Guard {
    /// Only where spans are exported: without that there is nothing to send.
    exporting: Option<SdkTracerProvider>,
    stop_by: Arc<OnceLock<Instant>>,
}

/// A collector that answers takes the last spans in milliseconds; one that does not must not cost the process its orderly
/// end. The least is granted even where the grace period is used up.
const LAST_SPANS_LEAST: Duration = Duration::from_millis(300);
const LAST_SPANS_MOST: Duration = Duration::from_secs(2);

/// Starts logging to standard error, and tracing, for the whole process. `RUST_LOG` says what is logged; by default
/// `info`, and of ONNX Runtime, which narrates every graph optimisation at that level, only warnings.
/// Panics are logged too, as one line, where the JSON format would otherwise be broken into by plain text.
///
/// `service` is what the process calls itself, `project_id` the Google Cloud project in which its traces are looked up.
///
/// # Errors
/// `RUST_LOG` cannot be understood, an `OTEL_*` variable asks for something that is not supported, or logging has been
/// started before.
pub fn init(service: &'static str, project_id: Option<&str>) -> Result<Guard> {
    let lines = EnvFilter::builder()
        .parse(env::var("RUST_LOG").ok().filter(|v| !v.is_empty()).unwrap_or_else(|| "info,ort=warn".into()))
        .context("RUST_LOG is not a list of directives such as info,headshot_worker=debug")?;
    let otlp = exporter::Otlp::from_variables(&|name| env::var(name).ok());
    let otlp = otlp.map_err(|error| BackendError::Damaged(error.into()))?;
    let provider = exporter::provider(service, otlp.as_ref())?;
    // Attributes of the code and of threads would outweigh what is worth knowing of a span. Nothing here uses the
    // OpenTelemetry API itself, so its thread-local context need not follow each entering and leaving.
    let traces = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("headshot"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false)
        .with_filter(filter_fn(traced).with_max_level_hint(LevelFilter::INFO));
    let text = stderr().is_terminal();
    let layer = if text {
        fmt::layer().with_writer(stderr).boxed()
    } else {
        CloudLogging::new(service, project_id, stderr).boxed()
    };
    // However few lines are wanted, those that come say which request or job they are about.
    let lines = lines.or(filter_fn(our_span).with_max_level_hint(LevelFilter::INFO));
    registry()
        .with(traces)
        .with(layer.with_filter(lines))
        .try_init()
        .context("logging has been started before")?;
    if !text {
        panic::set_hook(Box::new(|panic| {
            let location = panic.location().map(ToString::to_string);
            let reason = panic.payload_as_str().unwrap_or("of unknown reason");
            error!(location, "panic: {reason}");
        }));
    }
    let exporting = otlp.map(|otlp| {
        info!(collector = otlp.endpoint(), "traces are exported");
        provider
    });
    Ok(Guard { exporting, stop_by: Arc::default() })
}

impl Guard {
    /// `asked`, the future that resolves when the process is asked to stop; the grace period begins with it.
    pub fn within_grace<F>(&self, grace: Duration, asked: F) -> impl Future<Output = ()> + Send + use<F>
    where
        F: Future<Output = ()> + Send,
    {
        let stop_by = self.stop_by.clone();
        async move {
            asked.await;
            let _ = stop_by.set(Instant::now() + grace);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = self.exporting.take() {
            let left = self.stop_by.get().map(|by| by.saturating_duration_since(Instant::now()));
            let within = left.unwrap_or(LAST_SPANS_MOST).clamp(LAST_SPANS_LEAST, LAST_SPANS_MOST);
            // What could not be sent is lost, and the client has said that the collector does not answer.
            let _ = provider.shutdown_with_timeout(within);
        }
    }
}

/// What traces are made of: our own spans, and inside them what went wrong.
fn traced(metadata: &Metadata<'_>) -> bool {
    our_span(metadata) || (metadata.is_event() && *metadata.level() <= Level::WARN && ours(metadata))
}

fn our_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::INFO && ours(metadata)
}

fn ours(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("headshot")
}
