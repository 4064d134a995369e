//! Logs: text for people at a terminal, one JSON object a line in Cloud Logging's field names everywhere else.

mod cloud_logging;

use std::env;
use std::io::{IsTerminal, stderr};
use std::panic;

use anyhow::{Context, Result};
use tracing::error;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use cloud_logging::CloudLogging;

/// Keeps telemetry running; drop it last, at the end of `main`.
#[must_use = "telemetry ends when the guard is dropped"]
pub struct Guard {
    // Exporters that must be flushed at the end will live here.
    _private: (),
}

/// Starts logging to standard error for the whole process. `RUST_LOG` says what is logged; by default
/// `info`, and of ONNX Runtime, which narrates every graph optimisation at that level, only warnings.
/// Panics are logged too, as one line, where the JSON format would otherwise be broken into by plain text.
///
/// # Errors
/// `RUST_LOG` cannot be understood, or logging has been started before.
pub fn init(service: &str) -> Result<Guard> {
    let filter = EnvFilter::builder()
        .parse(env::var("RUST_LOG").ok().filter(|v| !v.is_empty()).unwrap_or_else(|| "info,ort=warn".into()))
        .context("RUST_LOG is not a list of directives such as info,headshot_worker=debug")?;
    let text = stderr().is_terminal();
    let layer = if text {
        fmt::layer().with_writer(stderr).boxed()
    } else {
        CloudLogging::new(service, stderr).boxed()
    };
    registry().with(filter).with(layer).try_init().context("logging has been started before")?;
    if !text {
        panic::set_hook(Box::new(|panic| {
            let location = panic.location().map(ToString::to_string);
            let reason = panic.payload_as_str().unwrap_or("of unknown reason");
            error!(location, "panic: {reason}");
        }));
    }
    Ok(Guard { _private: () })
}
