//! A connection that a test can cut, silence and mend, in front of anything that speaks TCP.

use std::net::{SocketAddr, TcpStream as Probe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// Stands in front of one service. Dropping it closes everything.
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<Line>,
    /// How often the connections of the moment were lost.
    losses: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

/// How the way to a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It works.
    Open,
    /// Connections are refused, and those that there were are closed.
    Refused,
    /// Connections are accepted and stay open, and nothing goes through. It goes on where it was when the line is open
    /// again.
    Stalled,
}

impl Proxy {
    /// Starts one on a free port of this machine. It must be called inside a runtime.
    pub(crate) async fn start(upstream: String) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listening for the proxy")?;
        let address = listener.local_addr()?;
        let (state, seen) = watch::channel(Line::Open);
        let losses = Arc::new(AtomicU64::new(0));
        let way = Way { upstream, line: seen, losses: losses.clone() };
        let serving = tokio::spawn(serve(listener, address, way));
        Ok(Self { address, state, losses, serving })
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The connections that there are die without a word: they stay open, and nothing goes through, for ever. New ones
    /// work. A firewall that has forgotten them does that.
    pub fn lose_connections(&self) {
        self.losses.fetch_add(1, Ordering::SeqCst);
    }

    /// The line is like this from now on.
    ///
    /// # Errors
    /// The port cannot be had again.
    pub fn set(&self, line: Line) -> Result<()> {
        self.state.send_replace(line);
        let asked = Instant::now();
        while Probe::connect(self.address).is_err() != (line == Line::Refused) {
            if asked.elapsed() > Duration::from_secs(10) {
                bail!("the proxy on {} does not become {line:?}", self.address);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// From here to the service.
#[derive(Clone)]
struct Way {
    upstream: String,
    line: watch::Receiver<Line>,
    losses: Arc<AtomicU64>,
}

async fn serve(listener: TcpListener, address: SocketAddr, mut way: Way) {
    let mut listener = Some(listener);
    loop {
        if way.line.wait_for(|line| *line != Line::Refused).await.is_err() {
            return;
        }
        let listening = match listener.take() {
            Some(listener) => listener,
            None => match TcpListener::bind(address).await {
                Ok(listener) => listener,
                // The test notices if this never succeeds.
                Err(_) => {
                    sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
        };
        // Connections end with the set.
        let mut connections = JoinSet::new();
        let theirs = way.clone();
        loop {
            tokio::select! {
                accepted = listening.accept() => if let Ok((near, _)) = accepted {
                    connections.spawn(join(near, theirs.clone()));
                },
                refused = way.line.wait_for(|line| *line == Line::Refused) => {
                    if refused.is_err() {
                        return;
                    }
                    break;
                }
            }
            while connections.try_join_next().is_some() {}
        }
    }
}

async fn join(near: TcpStream, way: Way) {
    let lost = way.losses.load(Ordering::SeqCst);
    let Ok(far) = TcpStream::connect(&way.upstream).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    // Nobody here closes one direction only.
    tokio::select! {
        () = pass_on(near_in, far_out, way.clone(), lost) => {}
        () = pass_on(far_in, near_out, way, lost) => {}
    }
}

async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: Way, lost: u64) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if way.line.wait_for(|line| *line == Line::Open).await.is_err() {
            return;
        }
        if way.losses.load(Ordering::SeqCst) != lost {
            return std::future::pending().await;
        }
        let Some(bytes) = buffer.get(..length) else { return };
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
