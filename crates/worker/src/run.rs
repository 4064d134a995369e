use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use headshot_backend::{Backend, PushGate};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::queue::{pull, sweep};
use crate::render::model::model_settings;
use crate::render::{Pipeline, Render};
use crate::runtime::liveness::Liveness;
use crate::runtime::metrics::Metrics;
use crate::runtime::shutdown::Phases;
use crate::runtime::slots::Slots;
use crate::webhooks::{self, Webhooks};
use crate::worker::Worker;
use crate::{Config, http};

/// How long the answers to the last requests may take to leave.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Takes tasks from the queue until `shutdown` resolves and everything at hand is settled.
///
/// # Errors
/// The model cannot be loaded or the backend not be opened. Once running, a backend that goes away is waited for.
pub async fn run(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let settings =
        model_settings(config.rendering.model.clone(), config.remote_model.as_ref(), &config.backend).await?;
    let pipeline = spawn_blocking(move || Pipeline::load(&settings)).await.context("loading the model")??;
    run_with(listener, config, Arc::new(pipeline), shutdown).await
}

/// [`run`] with another way to make pictures, for tests that need one which fails.
///
/// # Errors
/// As [`run`].
pub async fn run_with(
    listener: TcpListener,
    config: Config,
    render: Arc<dyn Render>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let backend = Backend::connect(&config.backend).await.context("opening the backend")?;
    let model = render.model();
    let address = listener.local_addr().context("reading the HTTP port's address")?;
    info!(
        worker = config.jobs.worker_name,
        concurrency = config.jobs.concurrency,
        model = model.name,
        provider = model.provider,
        pulls = config.pulls(),
        push = config.push.is_some(),
        %address,
        "the worker is ready"
    );
    if let Some(reason) = render.cuda_missing() {
        warn!(reason, "ORT_CUDA=1 asks for CUDA, which cannot be used: photos are rendered on the CPU");
    }
    let metrics = Metrics::new(&model.provider);
    metrics.cuda_is_missing(render.cuda_missing().is_some());
    let worker = Arc::new(Worker {
        metrics,
        liveness: Liveness::new(config.jobs.timeout),
        slots: Slots::new(config.jobs.concurrency),
        push: config.push.as_ref().map(PushGate::new),
        webhooks: Webhooks::new(&config.webhooks).await?,
        phases: Phases::start(shutdown, config.grace),
        config,
        backend,
        render,
    });
    let (settled, all_settled) = oneshot::channel::<()>();
    let server = axum::serve(listener, http::router(worker.clone()))
        .with_graceful_shutdown(async move { _ = all_settled.await })
        .into_future();
    let mut server = pin!(server);
    let work = async {
        tokio::join!(
            pull::pull(worker.clone()),
            sweep::sweep(worker.clone()),
            webhooks::deliver(worker.clone())
        );
        worker.slots.settled().await;
    };
    tokio::select! {
        // Probes are answered to the last moment; the loops decide when that is.
        served = &mut server => served.context("serving the HTTP port")?,
        () = work => {}
    }
    // What became of a pushed task is only known when the answer has arrived.
    drop(settled);
    let _ = timeout(LAST_ANSWERS, server).await;
    worker.backend.close().await;
    info!("the worker has stopped");
    Ok(())
}
