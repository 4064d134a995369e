//! Looking for webhooks that are due, and sending them.

use std::sync::Arc;
use std::time::Duration;

use headshot_core::JobRecord;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use tracing::error;

use super::attempt::attempt;
use super::lanes::{Lanes, Place, host};
use super::schedule::spread;
use crate::runtime::backoff::Backoff;
use crate::runtime::shutdown::Phase;
use crate::worker::Worker;

/// How often the records are asked for what is due. What this process finishes itself is sent at once.
const EVERY: Duration = Duration::from_secs(5);

/// The same while there is more to be sent than is looked at in one go.
const EVERY_WHEN_BEHIND: Duration = Duration::from_secs(1);

/// So many due webhooks are looked at in one go: more than wait for their turn here, so that there are others
/// among them.
const PAGE: usize = Lanes::PLACES + 44;

/// Where a page holds nothing but webhooks of endpoints that have their hands full, those move behind all
/// others.
const BEHIND_OTHERS: Duration = Duration::from_secs(60);

/// Sends what is due until the process is asked to stop and everything at hand is settled.
pub async fn deliver(worker: Arc<Worker>) {
    let mut backoff = Backoff::new("the search for webhooks that are due");
    let mut sending = JoinSet::new();
    loop {
        let behind = match look(&worker, &mut sending).await {
            Ok(behind) => {
                backoff.succeeded();
                behind
            }
            Err(error) => {
                _ = backoff.failed(&error);
                false
            }
        };
        let wait = if behind { EVERY_WHEN_BEHIND } else { EVERY };
        tokio::select! {
            biased;
            () = worker.phases.reached(Phase::Draining) => break,
            () = worker.webhooks.finished.notified(), if !behind => {}
            () = sleep(wait) => {}
        }
        while let Some(ended) = sending.try_join_next() {
            report(ended);
        }
    }
    while let Some(ended) = sending.join_next().await {
        report(ended);
    }
}

fn report(ended: Result<(), JoinError>) {
    // The lease lapses, and the webhook is sent again.
    if let Err(error) = ended {
        error!(%error, "the sending of a webhook broke off");
    }
}

/// One look. Returns whether there is more than was looked at.
async fn look(worker: &Arc<Worker>, sending: &mut JoinSet<()>) -> anyhow::Result<bool> {
    let due = worker.backend.jobs.due_webhooks(PAGE).await?;
    let (behind, mut begun, mut crowded) = (due.len() == PAGE, 0, Vec::new());
    for record in due {
        if worker.webhooks.at_hand().contains(&record.job_id) {
            continue;
        }
        match worker.webhooks.lanes.enter(&record.tenant, &host(&record)) {
            Some(place) => {
                begun += 1;
                sending.spawn(AtHand::new(worker.clone(), record).send(place));
            }
            None => crowded.push(record),
        }
    }
    if behind && begun == 0 {
        for record in &crowded {
            worker.backend.jobs.postpone_webhook(record, spread(BEHIND_OTHERS)).await?;
        }
    }
    Ok(behind)
}

/// One webhook that waits for its turn here or is being sent; not twice at the same time.
struct AtHand {
    worker: Arc<Worker>,
    record: JobRecord,
}

impl AtHand {
    fn new(worker: Arc<Worker>, record: JobRecord) -> Self {
        worker.webhooks.at_hand().insert(record.job_id);
        Self { worker, record }
    }

    async fn send(self, place: Place) {
        tokio::select! {
            biased;
            // Nothing is claimed yet, so there is nothing to give back.
            () = self.worker.phases.reached(Phase::Draining) => {}
            _turn = place.turn() => attempt(&self.worker, &self.record).await,
        }
    }
}

impl Drop for AtHand {
    fn drop(&mut self) {
        self.worker.webhooks.at_hand().remove(&self.record.job_id);
    }
}
