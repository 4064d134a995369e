//! How everything was that an upload needs, lately.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use headshot_backend::{Backend, Health as Dependencies};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::error::problem::Problem;
use crate::limits::READINESS_TIMEOUT;

/// How long what was found is answered again. Anybody may ask, and each look costs several calls.
const KEPT: Duration = Duration::from_secs(1);

/// The last check of what an upload needs. One runs at a time; other requests wait for its result.
#[derive(Default)]
pub(crate) struct Readiness {
    last: Mutex<Option<(Instant, Option<Dependencies>)>>,
}

impl Readiness {
    /// `None`: there was no answer in time.
    pub(crate) async fn look(&self, backend: &Backend) -> Option<Dependencies> {
        let mut last = self.last.lock().await;
        if let Some((_, found)) = last.as_ref().filter(|(at, _)| at.elapsed() < KEPT) {
            return found.clone();
        }
        let found = timeout(READINESS_TIMEOUT, backend.check()).await.ok();
        *last = Some((Instant::now(), found.clone()));
        found
    }
}

/// Something that an upload needs is down; the sentence names it.
pub(crate) struct NotReady(pub(crate) String);

impl From<NotReady> for Problem {
    fn from(NotReady(sentence): NotReady) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", sentence).retry_after(5)
    }
}
