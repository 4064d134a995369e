//! The fake as a process of its own: for tests that stop it, and for the service on the emulators.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use headshot_fake_storage::FakeStorage;

/// A stand-in for Cloud Storage, for tests and for running the service on the emulators.
#[derive(Parser)]
struct Settings {
    /// Where to listen; port 0 takes any free one, which is printed
    #[arg(long, default_value = "127.0.0.1:9199")]
    listen: SocketAddr,

    /// The folder that holds the objects; it is created if missing
    #[arg(long)]
    data: PathBuf,

    /// A bucket that exists; may be given several times
    #[arg(long = "bucket")]
    buckets: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let settings = Settings::parse();
    let buckets: Vec<&str> = settings.buckets.iter().map(String::as_str).collect();
    let fake = FakeStorage::start(settings.listen, &settings.data, &buckets).await?;
    println!("{}", fake.endpoint());
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
