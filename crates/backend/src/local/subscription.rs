//! Taking tasks one after the other, without losing one when the taker is cancelled.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::warn;

use super::queue::{Leased, LocalDelivery, LocalQueue};
use crate::error::{Context, Result};

/// How soon an empty queue is looked at again: at first, and when it stays empty.
const POLL: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

pub(crate) struct LocalSubscription {
    queue: LocalQueue,
    permits: Arc<Semaphore>,
    /// A look at the queue that is under way. It outlives a cancelled call, and so does the task that it finds.
    taking: Option<oneshot::Receiver<Result<Option<Leased>>>>,
    pause: Duration,
}

impl LocalQueue {
    pub(crate) fn subscribe(&self, max_outstanding: usize) -> LocalSubscription {
        LocalSubscription::new(self.clone(), max_outstanding)
    }
}

impl LocalSubscription {
    fn new(queue: LocalQueue, max_outstanding: usize) -> Self {
        let permits = Arc::new(Semaphore::new(max_outstanding.clamp(1, Semaphore::MAX_PERMITS)));
        Self { queue, permits, taking: None, pause: POLL.0 }
    }

    pub(crate) async fn next(&mut self) -> Result<LocalDelivery> {
        let permit = self.permits.clone().acquire_owned().await.context("the subscription is closed")?;
        loop {
            let queue = &self.queue;
            let taking = self.taking.get_or_insert_with(|| start_taking(queue.clone()));
            let taken = taking.await;
            self.taking = None;
            if let Some(leased) = taken.context("a look at the queue broke off")?? {
                self.pause = POLL.0;
                return Ok(self.queue.deliver(leased, permit));
            }
            tokio::select! {
                () = self.queue.woken() => self.pause = POLL.0,
                () = sleep(self.pause) => self.pause = (self.pause * 3 / 2).min(POLL.1),
            }
        }
    }
}

impl Drop for LocalSubscription {
    fn drop(&mut self) {
        let Some(mut taking) = self.taking.take() else { return };
        // From here on a look that is still under way puts back what it finds.
        taking.close();
        if let (Ok(Ok(Some(leased))), Ok(runtime)) = (taking.try_recv(), Handle::try_current()) {
            let queue = self.queue.clone();
            runtime.spawn_blocking(move || put_back(&queue, &leased));
        }
    }
}

fn start_taking(queue: LocalQueue) -> oneshot::Receiver<Result<Option<Leased>>> {
    let (found, taking) = oneshot::channel();
    spawn_blocking(move || {
        if let Err(Ok(Some(unwanted))) = found.send(queue.take()) {
            put_back(&queue, &unwanted);
        }
    });
    taking
}

fn put_back(queue: &LocalQueue, leased: &Leased) {
    if let Err(error) = queue.put_back(leased) {
        warn!(error = %format_args!("{error:#}"), "a task could not be put back; it comes again when its lease lapses");
    }
}
