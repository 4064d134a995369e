//! Serving connections until told to stop.

pub(crate) mod accept_loop;
pub(crate) mod write_timeout;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use headshot_backend::{Backend, BackendSettings};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use crate::Config;
use crate::limits::{CONNECTION_BUFFER, IDLE_TIMEOUT, MAX_CONNECTIONS, MAX_HEADERS, WRITE_STALL};
use crate::middleware::admission::address::Peer;
use crate::middleware::auth::gate::Gate;
use crate::router::{self, router};
use crate::server::accept_loop::{Connections, Passing, Place};
use crate::server::write_timeout::Unstalled;
use crate::state::App;

/// Serves the API on `listener` until `shutdown` resolves, then finishes what is under way within the grace period.
///
/// # Errors
/// The backend cannot be opened. Once it serves, no single connection's failure ends it.
pub async fn run(
    listener: TcpListener,
    mut config: Config,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let address = listener.local_addr().context("reading the listener's address")?;
    if let BackendSettings::Local(local) = &mut config.backend
        && local.public_url.is_empty()
    {
        local.public_url = format!("http://{}", reachable(address));
    }
    let backend = Backend::connect(&config.backend).await.context("opening the backend")?;
    let gate = Gate::open(&config.access).context("reading the keys")?;
    let grace = config.grace;
    let (stop, stopping) = watch::channel(false);
    let app = App::new(config, backend, gate, &router::DESCRIPTION, stopping.clone());
    let service = TowerToHyperService::new(router(Arc::new(app)));
    let connections = Connections::new(MAX_CONNECTIONS);
    info!(%address, "serving");

    tokio::pin!(shutdown);
    loop {
        let (stream, peer, place) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &connections) => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, as a rule: wait for connections to end rather than spin.
                    warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let (service, connection) = (service.clone(), place.connection().clone());
        let stream = connection.watch(Unstalled::new(stream, WRITE_STALL));
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let answering = connection.answering();
            let answer = service.call(request.map(|body| Passing::new(body, answering.clone())));
            async move { Ok::<_, Infallible>(answer.await?.map(|body| Passing::new(body, answering))) }
        });
        let mut stopping = stopping.clone();
        tokio::spawn(async move {
            let mut serving = pin!(builder().serve_connection(TokioIo::new(stream), answer));
            let served = tokio::select! {
                served = serving.as_mut() => served,
                () = leaves(&place, &mut stopping) => {
                    serving.as_mut().graceful_shutdown();
                    serving.await
                }
            };
            if let Err(error) = served {
                debug!(%error, "a connection broke");
            }
            drop(place);
        });
    }

    info!(grace_seconds = grace.as_secs(), "stopping: finishing what is under way");
    drop(listener);
    // Whoever waits for a worker is told to ask again later.
    let _ = stop.send(true);
    if timeout(grace, connections.closed()).await.is_err() {
        warn!("some requests did not end within the grace period and are cut off");
    }
    Ok(())
}

/// Where a browser on this machine finds a server that listens on `address`.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}

async fn accept(
    listener: &TcpListener,
    connections: &Connections,
) -> std::io::Result<(TcpStream, Peer, Place)> {
    let (stream, address): (_, SocketAddr) = listener.accept().await?;
    let place = connections.place().await;
    // Answers are small and somebody waits for each.
    stream.set_nodelay(true)?;
    Ok((stream, Peer(address.ip()), place))
}

/// Waits until a connection is to be closed as soon as nothing is being answered on it.
async fn leaves(place: &Place, stopping: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = place.connection().has_to_leave() => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
}

fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(CONNECTION_BUFFER);
    builder
}
