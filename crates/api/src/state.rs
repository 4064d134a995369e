//! What every handler may use: settings, backend, limits and what the process counts.

use std::sync::{Arc, LazyLock};

use headshot_backend::Backend;
use tokio::sync::{Semaphore, watch};

use crate::config::Config;
use crate::health::readiness::Readiness;
use crate::jobs::watch::Watchers;
use crate::limits::{MAX_STREAMS, MAX_WAITING};
use crate::metrics::Metrics;
use crate::middleware::admission::backlog::Backlog;
use crate::middleware::auth::gate::Gate;
use crate::openapi::document::Document;
use crate::page::assets::Page;

/// What every handler may use.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) backend: Backend,
    /// Who may call.
    pub(crate) gate: Gate,
    /// How many jobs may wait.
    pub(crate) backlog: Backlog,
    pub(crate) metrics: Metrics,
    pub(crate) page: Page,
    /// What the API says of itself; made when it is first asked for.
    pub(crate) description: &'static LazyLock<Document>,
    /// One permit per upload that is being received.
    pub(crate) uploads: Arc<Semaphore>,
    /// One permit per request that waits for its worker.
    pub(crate) waiting: Semaphore,
    /// One permit per client that listens to events.
    pub(crate) streams: Arc<Semaphore>,
    /// The jobs that somebody waits for.
    pub(crate) watchers: Watchers,
    /// How everything was that an upload needs, lately.
    pub(crate) readiness: Readiness,
    /// Turns true when the process is asked to stop.
    pub(crate) stop: watch::Receiver<bool>,
}

impl App {
    /// Puts it together; nothing is opened here.
    pub(crate) fn new(
        config: Config,
        backend: Backend,
        gate: Gate,
        description: &'static LazyLock<Document>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let uploads = Arc::new(Semaphore::new(config.max_concurrent_uploads));
        let page = Page::new(config.max_upload_bytes, &backend.blobs.links_begin_with());
        let backlog = Backlog::new(config.admission.max_backlog);
        Self {
            backlog,
            uploads,
            waiting: Semaphore::new(MAX_WAITING),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            watchers: Watchers::new(backend.jobs.clone(), stop.clone()),
            metrics: Metrics::new(),
            config,
            page,
            description,
            gate,
            backend,
            readiness: Readiness::default(),
            stop,
        }
    }
}
