use std::sync::Arc;
use std::time::Duration;

use headshot_backend::{Delivery, Subscription};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::error;

use crate::shutdown::Phase;
use crate::{Outage, Worker, job};

/// How long the loop waits for anything before it comes round, so that liveness sees it move.
const TURN: Duration = Duration::from_secs(5);

/// How long an abandoned render thread may take to reach its next stage before the process ends without it.
const LAST_STAGE: Duration = Duration::from_secs(2);

/// Takes a permit, takes a task, starts the job, and again, until the process is asked to stop; then waits until every
/// job is settled.
pub async fn pull(worker: Arc<Worker>) {
    let permits = Arc::new(Semaphore::new(worker.config.jobs.concurrency));
    let mut puller =
        Puller { worker: worker.clone(), subscription: None, outage: Outage::new("the task queue") };
    let mut jobs = JoinSet::new();
    loop {
        worker.vital_signs.pulled();
        while let Some(ended) = jobs.try_join_next() {
            report(ended);
        }
        let turn = timeout(TURN, puller.turn(&permits));
        tokio::select! {
            biased;
            () = worker.phases.reached(Phase::Draining) => break,
            taken = turn => if let Ok(Some((delivery, permit))) = taken {
                jobs.spawn(job::handle(worker.clone(), delivery, permit));
            }
        }
    }
    // What the subscription holds unseen goes back at once.
    drop(puller);
    while let Some(ended) = jobs.join_next().await {
        report(ended);
    }
    // ONNX Runtime must not be torn down under a thread that still computes with it.
    let all = u32::try_from(worker.config.jobs.concurrency).unwrap_or(u32::MAX);
    let _ = timeout(LAST_STAGE, permits.acquire_many(all)).await;
}

struct Puller {
    worker: Arc<Worker>,
    subscription: Option<Subscription>,
    outage: Outage,
}

impl Puller {
    /// One task with a permit to work on it; `None` after a failure, which has been waited out. It may be cancelled at
    /// any point.
    async fn turn(&mut self, permits: &Arc<Semaphore>) -> Option<(Delivery, OwnedSemaphorePermit)> {
        // First the permit, then the task: a task in the hands of a worker that is busy would be stuck there.
        let permit = permits.clone().acquire_owned().await.ok()?;
        match self.next().await {
            Ok(delivery) => {
                self.outage.over();
                Some((delivery, permit))
            }
            Err(error) => {
                drop(permit);
                let wait = self.outage.failed(&error);
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
        subscription.next().await
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    // The job's claim and its delivery lapse, and the job is tried again.
    if let Err(error) = ended {
        error!(%error, "the handling of a job broke off");
    }
}
