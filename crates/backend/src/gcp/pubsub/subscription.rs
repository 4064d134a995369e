use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc, watch};

use super::delivery::GcpDelivery;
use super::pump;
use super::queue::GcpQueue;
use crate::error::{Result, bail};

/// Deliveries to this process. A task of its own pulls them: a wait that is cancelled half-way would break off the
/// stream from Pub/Sub, and what had just arrived on it would be lost until its lease lapses.
pub(crate) struct GcpSubscription {
    queue: GcpQueue,
    permits: Arc<Semaphore>,
    max_outstanding: usize,
    /// Whether somebody waits in [`GcpSubscription::next`].
    wanted: watch::Sender<bool>,
    deliveries: mpsc::Receiver<Result<GcpDelivery>>,
}

/// Takes the wish back however the wait ends.
struct Wish<'a>(&'a watch::Sender<bool>);

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

impl GcpQueue {
    pub(crate) fn subscribe(&self, max_outstanding: usize) -> Result<GcpSubscription> {
        self.subscription()?;
        Ok(GcpSubscription::start(self.clone(), max_outstanding.max(1)))
    }
}

impl GcpSubscription {
    fn start(queue: GcpQueue, max_outstanding: usize) -> Self {
        let permits = Arc::new(Semaphore::new(max_outstanding));
        let wanted = watch::Sender::new(false);
        let deliveries = start_pump(&queue, &permits, &wanted, max_outstanding);
        Self { queue, permits, max_outstanding, wanted, deliveries }
    }

    /// The stream reconnects for ever. While it cannot, this says so every few seconds.
    pub(crate) fn next(&mut self) -> BoxFuture<'_, Result<GcpDelivery>> {
        async move {
            self.wanted.send_replace(true);
            let _wish = Wish(&self.wanted);
            match self.deliveries.recv().await {
                Some(delivery) => delivery,
                None => {
                    self.deliveries =
                        start_pump(&self.queue, &self.permits, &self.wanted, self.max_outstanding);
                    bail!(Unavailable, "the stream of tasks broke off; it is opened again")
                }
            }
        }
        .boxed()
    }
}

fn start_pump(
    queue: &GcpQueue,
    permits: &Arc<Semaphore>,
    wanted: &watch::Sender<bool>,
    max_outstanding: usize,
) -> mpsc::Receiver<Result<GcpDelivery>> {
    let (sender, deliveries) = mpsc::channel(max_outstanding);
    queue.spawn(pump::run(queue.clone(), permits.clone(), wanted.subscribe(), max_outstanding, sender));
    deliveries
}
