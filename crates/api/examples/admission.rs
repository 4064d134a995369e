//! Measures what keys, limits and idempotency add to accepting a photo: two servers on directories of their own, one open, one with
//! 10,000 keys, a rate, a quota, a limit of addresses and a bound of the backlog, get the same photos turn by turn.
//!
//! `cargo build --release -p headshot-api && cargo run --release -p headshot-api --example admission -- --help` says more.

use std::io::Cursor;
use std::net::{SocketAddr, TcpListener, TcpStream as StdStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use clap::Parser;
use headshot_backend::api_keys::{KeysEdit, NewKey, Scopes};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use image::{ImageFormat, RgbImage};
use jiff::Timestamp;
use tokio::net::TcpStream;

/// Loads two servers of its own and prints the latencies of both.
#[derive(Parser)]
struct Options {
    /// Photos to send to each
    #[arg(long, default_value_t = 2_000)]
    uploads: usize,
    /// Keys in the file; the last one is used
    #[arg(long, default_value_t = 10_000)]
    keys: usize,
    /// Photos a minute that the key allows; fewer make smaller batches and more draws
    #[arg(long, default_value_t = 100_000)]
    rate: u32,
    /// Folder of the release binaries
    #[arg(long, default_value = "target/release")]
    binaries: PathBuf,
    /// Where the data goes while it runs; it should be a disk, not memory
    #[arg(long, default_value = "target")]
    data_in: PathBuf,
}

/// What keys and limits may add to the 95th percentile.
const MOST_ADDED: Duration = Duration::from_millis(2);

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let data = tempfile::TempDir::new_in(&options.data_in)?;
    let file = data.path().join("keys.json");
    let began = Instant::now();
    let key = keys(&options, &file)?;
    println!("{} keys were made in {:.1?}", options.keys, began.elapsed());
    let limits = [
        ("API_KEYS_FILE", file.to_string_lossy().into_owned()),
        ("RATE_LIMIT_PER_ADDRESS", "1000000".into()),
        ("MAX_BACKLOG", "1000000".into()),
    ];
    let api = options.binaries.join("headshot-api");
    let open = Server::start(&api, &data.path().join("open"), &[])?;
    let guarded = Server::start(&api, &data.path().join("guarded"), &limits)?;
    let (mut one, mut two) = (connect(open.1).await?, connect(guarded.1).await?);
    let photo = photo()?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..options.uploads {
        without.push(send(&mut one, photo.clone(), None).await?);
        with.push(send(&mut two, photo.clone(), Some(&key)).await?);
    }
    let (without, with) = (report("without keys and limits", &mut without), report("with them", &mut with));
    let added = with.saturating_sub(without);
    let ok = added <= MOST_ADDED;
    println!("added to the p95: {added:.2?} (limit {MOST_ADDED:?}){}", if ok { "" } else { "  OVER" });
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes the file and returns its last key.
fn keys(options: &Options, file: &Path) -> Result<String> {
    let new = NewKey {
        tenant: "bench".parse()?,
        scopes: Scopes::ALL_BUT_ADMIN,
        rate_per_minute: Some(options.rate),
        monthly_quota: Some(1_000_000),
        label: None,
    };
    let fresh = KeysEdit::change(file, |keys| keys.create_many(&new, options.keys, Timestamp::now()))?;
    fresh.into_iter().last().context("no keys were asked for")
}

async fn send(to: &mut SendRequest<Full<Bytes>>, photo: Bytes, key: Option<&str>) -> Result<Duration> {
    let mut request = Request::post("/headshot-async").header("host", "bench");
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
        // A new one each time, as clients send them.
        request = request.header("idempotency-key", format!("\"{}\"", uuid::Uuid::new_v4()));
    }
    to.ready().await?;
    let began = Instant::now();
    let response = to.send_request(request.body(Full::new(photo))?).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    let took = began.elapsed();
    ensure!(status == 202, "{status}: {}", String::from_utf8_lossy(&body));
    Ok(took)
}

/// Prints a distribution; its 95th percentile.
fn report(name: &str, took: &mut [Duration]) -> Duration {
    took.sort_unstable();
    let at = |share: f64| took.get((took.len() as f64 * share) as usize).copied().unwrap_or_default();
    println!("{name:<24} p50 {:.2?}, p95 {:.2?}, p99 {:.2?}", at(0.5), at(0.95), at(0.99));
    at(0.95)
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// A small one, so that little else is measured.
fn photo() -> Result<Bytes> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::new(320, 400).write_to(&mut bytes, ImageFormat::Jpeg)?;
    Ok(bytes.into_inner().into())
}

/// A server process, killed at the end.
struct Server(Child, SocketAddr);

impl Server {
    fn start(binary: &Path, data_dir: &Path, settings: &[(&str, String)]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(binary);
        command.env("DATA_DIR", data_dir).env("PORT", port.to_string()).env("RUST_LOG", "warn");
        let child = command.envs(settings.iter().cloned()).stdout(Stdio::null()).spawn();
        let child =
            child.with_context(|| format!("starting {}; build it with --release first", binary.display()))?;
        let server = Self(child, SocketAddr::from(([127, 0, 0, 1], port)));
        let began = Instant::now();
        while StdStream::connect(server.1).is_err() {
            ensure!(began.elapsed() < Duration::from_secs(20), "the server does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
