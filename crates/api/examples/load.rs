//! Measures `headshot-api` as its users load it: photos of three megabytes, eight at a time, with a probe of `/healthz`
//! running beside them. Starts the release binary on a directory of its own, on this machine's loopback only.
//!
//! `infra/bench-api` builds and runs it; `cargo run --release -p headshot-api --example load -- --help` says more.

use std::io::{Cursor, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream as StdStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use clap::Parser;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use image::{ImageFormat, Rgb, RgbImage};
use tokio::net::TcpStream;

/// Loads a headshot-api of its own and prints latencies and memory.
#[derive(Parser)]
struct Options {
    /// Photos to send
    #[arg(long, default_value_t = 2_000)]
    uploads: usize,
    /// Photos under way at the same time
    #[arg(long, default_value_t = 8)]
    at_once: usize,
    /// Folder of the release binaries
    #[arg(long, default_value = "target/release")]
    binaries: PathBuf,
    /// Also run headshot-worker on the same data; the photos are kept for it then, so there must be room on the disk
    #[arg(long)]
    worker: bool,
    /// Where the data goes while it runs; it should be a disk, not memory
    #[arg(long, default_value = "target")]
    data_in: PathBuf,
}

/// The figures that must not be exceeded.
const ACCEPT_P95: Duration = Duration::from_millis(50);
const HEALTH_P99: Duration = Duration::from_millis(10);
const RSS_KIB: u64 = 60 * 1024;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let data = tempfile::TempDir::new_in(&options.data_in)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let api = Process::start(&options.binaries.join("headshot-api"), data.path(), port)?;
    wait_for(address)?;
    let worker = match options.worker {
        // As `make run` starts it: rendering yields to answering.
        true => Some(Process::start_idle(&options.binaries.join("headshot-worker"), data.path(), 0)?),
        false => None,
    };
    let photo = Bytes::from(photo()?);
    println!(
        "{} uploads of {:.1} MB, {} at a time, {}",
        options.uploads,
        photo.len() as f64 / 1e6,
        options.at_once,
        if worker.is_some() { "worker busy" } else { "no worker" }
    );

    let cpu_before = api.cpu_seconds()?;
    let rss_before = api.memory_kib("VmRSS")?;
    let began = Instant::now();
    let done = Arc::new(AtomicBool::new(false));
    let probe = std::thread::spawn({
        let done = done.clone();
        move || probe(address, &done)
    });
    let next = Arc::new(AtomicUsize::new(0));
    let originals = worker.is_none().then(|| data.path().join("blobs/originals"));
    let clients: Vec<_> = (0..options.at_once)
        .map(|_| {
            tokio::spawn(client(address, photo.clone(), next.clone(), options.uploads, originals.clone()))
        })
        .collect();
    let mut accepted = Vec::new();
    for client in clients {
        accepted.extend(client.await??);
    }
    let took = began.elapsed();
    done.store(true, Ordering::Relaxed);
    let mut health = probe.join().map_err(|_| anyhow::anyhow!("the probe panicked"))??;
    let (rss_after, rss_peak) = (api.memory_kib("VmRSS")?, api.memory_kib("VmHWM")?);

    let rate = accepted.len() as f64 / took.as_secs_f64();
    let cpu = (api.cpu_seconds()? - cpu_before) / accepted.len().max(1) as f64 * 1e3;
    println!(
        "{} accepted in {:.1} s ({rate:.0}/s), {cpu:.1} CPU ms each",
        accepted.len(),
        took.as_secs_f64()
    );
    let accept_ok = report("accepting", &mut accepted, 0.95, ACCEPT_P95);
    let health_ok = report("/healthz ", &mut health, 0.99, HEALTH_P99);
    let rss_ok = rss_peak < RSS_KIB;
    println!(
        "memory    before {} MiB, after {} MiB, peak {} MiB (limit {} MiB){}",
        rss_before / 1024,
        rss_after / 1024,
        rss_peak / 1024,
        RSS_KIB / 1024,
        if rss_ok { "" } else { "  OVER" }
    );
    drop((api, worker));
    Ok(if accept_ok && health_ok && rss_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Sends photos over one kept-alive connection until enough are sent; how long each took to be accepted.
async fn client(
    address: SocketAddr,
    photo: Bytes,
    next: Arc<AtomicUsize>,
    uploads: usize,
    originals: Option<PathBuf>,
) -> Result<Vec<Duration>> {
    let mut sender = connect(address).await?;
    let mut took = Vec::new();
    while next.fetch_add(1, Ordering::Relaxed) < uploads {
        let began = Instant::now();
        let request =
            Request::post("/headshot-async").header("host", "bench").body(Full::new(photo.clone()))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        took.push(began.elapsed());
        ensure!(status == 202, "{status}: {}", String::from_utf8_lossy(&body));
        if let Some(originals) = &originals {
            let answer: serde_json::Value = serde_json::from_slice(&body)?;
            let job = answer["job_id"].as_str().context("an answer without a job id")?;
            tokio::fs::remove_dir_all(originals.join(job)).await?;
        }
        sender.ready().await?;
    }
    Ok(took)
}

/// Asks `/healthz` every ten milliseconds until told to stop; how long each answer took. On a thread of its own, so that
/// it measures the server and not the clients' runtime.
fn probe(address: SocketAddr, done: &AtomicBool) -> Result<Vec<Duration>> {
    let mut connection = StdStream::connect(address)?;
    connection.set_nodelay(true)?;
    let mut took = Vec::new();
    let mut answer = [0; 4096];
    while !done.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(10));
        let began = Instant::now();
        connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: bench\r\n\r\n")?;
        // The answer is a few hundred bytes, written in one piece.
        let length = connection.read(&mut answer)?;
        took.push(began.elapsed());
        ensure!(answer[..length].starts_with(b"HTTP/1.1 200") && answer[..length].ends_with(b"}"));
    }
    Ok(took)
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Prints a distribution; whether the quantile that matters keeps to its limit.
fn report(name: &str, took: &mut [Duration], quantile: f64, limit: Duration) -> bool {
    took.sort_unstable();
    let at = |q: f64| took.get(((took.len() as f64 * q) as usize).min(took.len().saturating_sub(1)));
    let ms = |q: f64| at(q).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3);
    let ok = at(quantile).is_some_and(|took| *took <= limit);
    println!(
        "{name} p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, max {:.1} ms (limit p{:.0} {} ms){}",
        ms(0.5),
        ms(0.95),
        ms(0.99),
        ms(1.0),
        quantile * 100.0,
        limit.as_millis(),
        if ok { "" } else { "  OVER" }
    );
    ok
}

/// A noisy JPEG of about three megabytes.
fn photo() -> Result<Vec<u8>> {
    let mut seed = 1u32;
    let noise = RgbImage::from_fn(1800, 1350, |_, _| {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        let [r, g, b, _] = seed.to_le_bytes();
        Rgb([r, g, b])
    });
    let mut bytes = Cursor::new(Vec::new());
    noise.write_to(&mut bytes, ImageFormat::Jpeg)?;
    Ok(bytes.into_inner())
}

fn wait_for(address: SocketAddr) -> Result<()> {
    let began = Instant::now();
    while StdStream::connect(address).is_err() {
        ensure!(began.elapsed() < Duration::from_secs(20), "the server does not come up");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A server process, killed at the end.
struct Process(Child);

impl Process {
    fn start(binary: &Path, data_dir: &Path, port: u16) -> Result<Self> {
        Self::spawn(Command::new(binary), binary, data_dir, port)
    }

    /// With what no other process wants of the processors, as `make run` starts the worker.
    fn start_idle(binary: &Path, data_dir: &Path, port: u16) -> Result<Self> {
        let mut command = Command::new("chrt");
        command.args(["--idle", "0"]).arg(binary);
        Self::spawn(command, binary, data_dir, port)
    }

    fn spawn(mut command: Command, binary: &Path, data_dir: &Path, port: u16) -> Result<Self> {
        command.env("DATA_DIR", data_dir).env("PORT", port.to_string()).env("RUST_LOG", "warn");
        let child = command.stdout(Stdio::null()).spawn();
        Ok(Self(
            child.with_context(|| format!("starting {}; build it with --release first", binary.display()))?,
        ))
    }

    /// User and system time so far. Latencies depend on what else the machine does; this hardly does.
    fn cpu_seconds(&self) -> Result<f64> {
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let (_, fields) = stat.rsplit_once(')').context("an unreadable /proc file")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>());
        Ok(ticks.sum::<Result<f64, _>>()? / TICKS_PER_SECOND)
    }

    /// One of the memory figures that Linux keeps of a process.
    fn memory_kib(&self, figure: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find(|line| line.starts_with(figure)).context("no such figure in /proc")?;
        line.split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse().ok())
            .context("an unreadable figure in /proc")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
