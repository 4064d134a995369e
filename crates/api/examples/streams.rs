//! Measures what clients that listen to events cost: the memory of `headshot-api` before and with them, and the processor
//! time while nothing happens. The streams are held for longer than the server's header timeout, and every one must be
//! alive at the end.
//!
//! `infra/bench-streams` builds and runs it; `--help` says more.

use std::io::{Cursor, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use image::{ImageFormat, RgbImage};

/// Opens streams of events at a headshot-api of its own and prints what they cost.
#[derive(Parser)]
struct Options {
    /// Clients that listen
    #[arg(long, default_value_t = 500)]
    streams: usize,
    /// Jobs that they listen to, in turn
    #[arg(long, default_value_t = 500)]
    jobs: usize,
    /// Seconds that the streams are held; a heartbeat comes every 15
    #[arg(long, default_value_t = 40)]
    hold: u64,
    /// Folder of the release binaries
    #[arg(long, default_value = "target/release")]
    binaries: PathBuf,
}

/// The figure that must not be exceeded.
const MORE_KIB: u64 = 40 * 1024;

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let data = tempfile::TempDir::new_in("target")?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let api = Process::start(&options.binaries.join("headshot-api"), data.path(), port)?;
    wait_for(address)?;

    let mut photo = Cursor::new(Vec::new());
    RgbImage::new(320, 400).write_to(&mut photo, ImageFormat::Jpeg)?;
    let jobs = (0..options.jobs).map(|_| submit(address, photo.get_ref())).collect::<Result<Vec<_>>>()?;
    // What the uploads needed is not the streams' doing.
    std::thread::sleep(Duration::from_secs(2));
    let before = api.memory_kib()?;

    let mut streams = Vec::new();
    for n in 0..options.streams {
        let job = jobs.get(n % jobs.len()).context("at least one job")?;
        let mut stream = TcpStream::connect(address)?;
        write!(stream, "GET /headshot/{job}/events HTTP/1.1\r\nhost: bench\r\n\r\n")?;
        read_until(&mut stream, "data: ")?;
        streams.push(stream);
    }
    let opened = api.memory_kib()?;
    let cpu = api.cpu_seconds()?;
    std::thread::sleep(Duration::from_secs(options.hold));
    let cpu = api.cpu_seconds()? - cpu;
    let held = api.memory_kib()?;
    if options.hold > 16 {
        for stream in &mut streams {
            read_until(stream, ": still there").context("a stream has died")?;
        }
    }
    let more = held.max(opened).saturating_sub(before);
    println!(
        "{} streams of {} jobs: {:.1} MB before, {:.1} MB with them, {:.1} MB more ({:.1} KB each); {:.1} % of a core \
         while nothing happens (limit {} MB){}",
        options.streams,
        options.jobs,
        mb(before),
        mb(held.max(opened)),
        mb(more),
        more as f64 / options.streams.max(1) as f64,
        cpu / options.hold as f64 * 100.0,
        MORE_KIB / 1024,
        if more > MORE_KIB { "  OVER" } else { "" }
    );
    Ok(if more > MORE_KIB { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn mb(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn submit(address: SocketAddr, photo: &[u8]) -> Result<String> {
    let mut connection = TcpStream::connect(address)?;
    let head = format!(
        "POST /headshot-async HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        photo.len()
    );
    connection.write_all(&[head.as_bytes(), photo].concat())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("an answer without a body")?;
    let body: serde_json::Value = serde_json::from_str(body).with_context(|| answer.clone())?;
    Ok(body["job_id"].as_str().with_context(|| answer.clone())?.to_owned())
}

/// Reads until a text has come.
fn read_until(stream: &mut TcpStream, text: &str) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let (mut came, mut bytes) = (String::new(), [0; 4096]);
    while !came.contains(text) {
        let length = stream.read(&mut bytes)?;
        ensure!(length > 0, "the stream has ended: {came}");
        came += &String::from_utf8_lossy(&bytes[..length]);
    }
    Ok(())
}

fn wait_for(address: SocketAddr) -> Result<()> {
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        ensure!(began.elapsed() < Duration::from_secs(20), "the server does not come up");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A server process, killed at the end.
struct Process(Child);

impl Process {
    fn start(binary: &Path, data_dir: &Path, port: u16) -> Result<Self> {
        let mut command = Command::new(binary);
        command.env("DATA_DIR", data_dir).env("PORT", port.to_string()).env("RUST_LOG", "warn");
        let child = command.stdout(Stdio::null()).spawn();
        Ok(Self(
            child.with_context(|| format!("starting {}; build it with --release first", binary.display()))?,
        ))
    }

    /// User and system time so far.
    fn cpu_seconds(&self) -> Result<f64> {
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let (_, fields) = stat.rsplit_once(')').context("an unreadable /proc file")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>());
        Ok(ticks.sum::<Result<f64, _>>()? / TICKS_PER_SECOND)
    }

    /// Resident memory.
    fn memory_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS")).context("no VmRSS in /proc")?;
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).context("an unreadable VmRSS")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
