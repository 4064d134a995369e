use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::fault::{Fault, Faults};
use crate::preconditions::Preconditions;
use crate::resumable::Sessions;
use crate::routes::route;
use crate::store::Store;

/// The fake, serving. Dropping it closes its port and every connection.
pub struct FakeStorage {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

pub(crate) struct Shared {
    pub(crate) endpoint: String,
    pub(crate) store: Store,
    pub(crate) sessions: Sessions,
    pub(crate) faults: Faults,
}

impl FakeStorage {
    /// Serves the objects of `folder` on `address`, in which these buckets exist besides those that it has seen before.
    ///
    /// # Errors
    /// The folder or the port cannot be had.
    pub async fn start(address: SocketAddr, folder: &Path, buckets: &[&str]) -> Result<Self> {
        let store = Store::open(folder)?;
        for bucket in buckets {
            store.create_bucket(bucket)?;
        }
        let listener = TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            endpoint: format!("http://{address}"),
            store,
            sessions: Sessions::default(),
            faults: Faults::default(),
        });
        let serving = tokio::spawn(serve(listener, shared.clone()));
        Ok(Self { address, shared, serving })
    }

    /// The same on a free port of this machine.
    ///
    /// # Errors
    /// As [`FakeStorage::start`].
    pub async fn start_anywhere(folder: &Path, buckets: &[&str]) -> Result<Self> {
        Self::start(([127, 0, 0, 1], 0).into(), folder, buckets).await
    }

    /// What `STORAGE_EMULATOR_HOST` is to be set to.
    pub fn endpoint(&self) -> &str {
        &self.shared.endpoint
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Misbehaves from now on, or no longer.
    pub fn set_fault(&self, fault: Fault) {
        self.shared.faults.set(fault);
    }

    /// The names of the objects in a bucket.
    pub fn objects(&self, bucket: &str) -> Vec<String> {
        self.shared.store.list(bucket, "").iter().map(|object| object.name.clone()).collect()
    }

    /// Takes an object away, as a bucket's lifecycle does. `false`: there is none.
    pub fn expire(&self, bucket: &str, name: &str) -> bool {
        self.shared.store.delete(bucket, name, Preconditions::default()).is_ok()
    }

    /// How many writes were carried out since the start.
    pub fn writes(&self) -> u64 {
        self.shared.store.writes()
    }
}

impl Drop for FakeStorage {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Connections end with the set, that is, with this task.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        while connections.try_join_next().is_some() {}
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let shared = shared.clone();
                async move { route(&shared, request).await }
            });
            let builder = auto::Builder::new(TokioExecutor::new());
            // A client that went away is none of the fake's business.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
