//! The worker binary.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use headshot_backend::telemetry;
use headshot_worker::{Cli, Command, Config, Settings, doctor, project, render_files, run, shutdown};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        None => run_worker(&cli.settings),
        Some(Command::Run(settings)) => run_worker(&settings),
        Some(Command::Render(args)) => render_files(&args),
        Some(Command::Doctor(settings)) => runtime().map(|runtime| runtime.block_on(doctor(&settings))),
    };
    done.unwrap_or_else(|error| {
        eprintln!("headshot-worker: {error:#}");
        ExitCode::FAILURE
    })
}

fn run_worker(settings: &Settings) -> anyhow::Result<ExitCode> {
    let config = Config::new(settings)?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let telemetry = telemetry::init("headshot-worker", project(settings))?;
        let signalled = telemetry.within_grace(config.grace, shutdown::signalled()?);
        let listener = TcpListener::bind(config.listen).await.with_context(|| {
            format!("listening on {}; HOST and PORT choose another address", config.listen)
        })?;
        run(listener, config, signalled).await
    })?;
    // Whatever still computes has been given its time.
    runtime.shutdown_timeout(Duration::from_millis(100));
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")
}
