use std::sync::Arc;
use std::time::Duration;

use headshot_backend::{Delivery, Subscription};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

use crate::job;
use crate::runtime::backoff::Backoff;
use crate::runtime::shutdown::Phase;
use crate::worker::Worker;

/// How long the loop waits for anything before it comes round, so that liveness sees it move.
const TURN: Duration = Duration::from_secs(5);

/// The same where tasks are pushed as well: a slot that waits for a task to pull is missing for one that is
/// here.
const SHARED_TURN: Duration = Duration::from_millis(500);

/// Takes a permit, takes a task, starts the job, and again, until the process is asked to stop.
pub async fn pull(worker: Arc<Worker>) {
    let turn = if worker.push.is_some() { SHARED_TURN } else { TURN };
    let mut puller =
        Puller { worker: worker.clone(), subscription: None, backoff: Backoff::new("the task queue") };
    loop {
        worker.liveness.pulled();
        tokio::select! {
            biased;
            () = worker.phases.reached(Phase::Draining) => break,
            taken = timeout(turn, puller.turn()) => if let Ok(Some((delivery, permit))) = taken {
                worker.slots.start(job::handle(worker.clone(), delivery, permit));
            }
        }
    }
}

struct Puller {
    worker: Arc<Worker>,
    subscription: Option<Subscription>,
    backoff: Backoff,
}

impl Puller {
    /// One task with a permit to work on it; `None` after a failure, which has been waited out. It may be cancelled at
    /// any point.
    async fn turn(&mut self) -> Option<(Delivery, OwnedSemaphorePermit)> {
        if !self.worker.config.pulls() {
            return std::future::pending().await;
        }
        // First the permit, then the task: a task delivered to a worker that is busy would be stuck there.
        let permit = self.worker.slots.free().await;
        match self.next().await {
            Ok(delivery) => {
                self.backoff.succeeded();
                Some((delivery, permit))
            }
            Err(error) => {
                drop(permit);
                let wait = self.backoff.failed(&error);
                sleep(wait.min(TURN / 2)).await;
                None
            }
        }
    }

    async fn next(&mut self) -> anyhow::Result<Delivery> {
        let subscription = match &mut self.subscription {
            Some(subscription) => subscription,
            none => {
                none.insert(self.worker.backend.tasks.subscribe(self.worker.config.jobs.concurrency).await?)
            }
        };
        Ok(subscription.next().await?)
    }
}
