//! `headshot-api`: reads its settings, listens, and serves until SIGTERM or SIGINT.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use headshot_api::{Command, Config, Settings, healthcheck, run};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let settings = Settings::parse();
    let outcome = match settings.command() {
        Some(Command::Healthcheck) => probe(&settings),
        None => match settings.validate() {
            Ok(config) => serve(config),
            Err(error) => Err(error.into()),
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("headshot-api: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn probe(settings: &Settings) -> Result<()> {
    let (host, port) = settings.address()?;
    healthcheck::probe(host, port)
}

#[tokio::main]
async fn serve(config: Config) -> Result<()> {
    let _telemetry = headshot_backend::telemetry::init("headshot-api")?;
    let shutdown = asked_to_stop()?;
    let address = (config.host, config.port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {}:{}", address.0, address.1))?;
    run(listener, config, shutdown).await
}

/// Resolves at the first SIGTERM or SIGINT. The handlers are in place when this returns, so that no signal falls into
/// the gap before the server is up.
fn asked_to_stop() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("watching for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("watching for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
