//! `headshot-api`: reads its settings, listens, and serves until SIGTERM or SIGINT.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use headshot_api::cli::{healthcheck, keys};
use headshot_api::{Command, Config, Settings, run};
use headshot_backend::{signals, telemetry};
use tokio::net::TcpListener;

fn main() -> ExitCode {
    let settings = Settings::parse();
    let outcome = match settings.command() {
        Some(Command::Healthcheck) => probe(&settings),
        Some(Command::Keys(args)) => keys::manage(args),
        Some(Command::Openapi) => {
            print!("{}", headshot_api::openapi());
            Ok(())
        }
        None => match settings.validate() {
            Ok(config) => serve(config, settings.project()),
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

fn serve(config: Config, project: Option<&str>) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    runtime.block_on(listen(config, project))
}

async fn listen(config: Config, project: Option<&str>) -> Result<()> {
    let telemetry = telemetry::init("headshot-api", project)?;
    let signal = signals::asked_to_stop().context("watching for SIGTERM and SIGINT")?;
    let shutdown = telemetry.within_grace(config.grace, async { _ = signal.await });
    let address = (config.host, config.port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {}:{}", address.0, address.1))?;
    run(listener, config, shutdown).await
}
