//! Clients that are exchanged for new ones when they get no answer.
//!
//! A client keeps one connection for as long as it is not told that it is closed. One that dies without a word, in a
//! firewall that has forgotten it or while an instance of Cloud Run was frozen, is told so by the kernel, a quarter of an
//! hour later. Google's clients do not let us ask for TCP's or HTTP/2's keep-alives, so that a new client is the only way
//! to a new connection. Making one costs next to nothing: it connects when it is first used.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

/// A client younger than this is not the one that gave no answer: nobody gives up so soon. So it is that of many calls
/// that fail together only the first renews.
const YOUNG: Duration = Duration::from_secs(1);

/// A client, made when it is first wanted and again after it has gone unanswered.
pub(super) struct Renewable<C, E> {
    make: Box<dyn Fn() -> BoxFuture<'static, Result<C, E>> + Send + Sync>,
    current: Mutex<Option<Current<C>>>,
}

struct Current<C> {
    client: Arc<C>,
    since: Instant,
}

impl<C, E> Renewable<C, E> {
    pub(super) fn new(make: impl Fn() -> BoxFuture<'static, Result<C, E>> + Send + Sync + 'static) -> Self {
        Self { make: Box::new(make), current: Mutex::new(None) }
    }

    /// The client, for one call.
    ///
    /// # Errors
    /// What making it says.
    pub(super) async fn get(&self) -> Result<Arc<C>, E> {
        if let Some(client) = self.made() {
            return Ok(client);
        }
        let client = Arc::new((self.make)().await?);
        // Of two that were made at the same time the first stays.
        let mut current = self.current();
        let current = current.get_or_insert_with(|| Current { client, since: Instant::now() });
        Ok(current.client.clone())
    }

    /// The client, if it has been made.
    pub(super) fn made(&self) -> Option<Arc<C>> {
        self.current().as_ref().map(|current| current.client.clone())
    }

    /// A call has got no answer. Whoever calls next gets a new client; calls under way keep theirs.
    pub(super) fn unanswered(&self) {
        let mut current = self.current();
        if current.as_ref().is_some_and(|current| current.since.elapsed() >= YOUNG) {
            *current = None;
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<Current<C>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;

    use super::*;

    fn numbered() -> Renewable<usize, Infallible> {
        let next = AtomicUsize::new(1);
        Renewable::new(move || std::future::ready(Ok(next.fetch_add(1, Ordering::Relaxed))).boxed())
    }

    #[tokio::test]
    async fn a_client_stays_until_it_gets_no_answer_and_calls_that_fail_together_renew_it_once() {
        let clients = numbered();
        assert_eq!(clients.made(), None);
        assert_eq!(*clients.get().await.unwrap(), 1);
        tokio::time::sleep(YOUNG).await;
        assert_eq!(*clients.get().await.unwrap(), 1);
        for _ in 0..50 {
            clients.unanswered();
            assert_eq!(*clients.get().await.unwrap(), 2);
        }
    }
}
