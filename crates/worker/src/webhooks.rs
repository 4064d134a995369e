//! Telling the shop's server that a job has ended (Standard Webhooks): what is due is looked for in the records, claimed,
//! signed, sent and noted. A webhook is sent at least once; whoever gets it twice knows it by its id.

mod attempt;
mod ended;
mod lanes;
mod payload;
mod schedule;
mod sender;
mod settings;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use headshot_backend::api_keys::KeysFile;
use headshot_core::{JobId, JobRecord};
use tokio::sync::Notify;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;
use tracing::error;

pub use ended::WebhookEnded;
pub use settings::{WebhookArgs, WebhooksConfig};

use crate::runtime::shutdown::Phase;
use crate::{Outage, Worker};
use lanes::{Lanes, Place};
use sender::Sender;

/// How often the records are asked for what is due. What this process finishes itself is sent at once.
const EVERY: Duration = Duration::from_secs(5);

/// The same while there is more to be sent than is looked at in one go.
const EVERY_WHEN_BEHIND: Duration = Duration::from_secs(1);

/// So many due webhooks are looked at in one go: more than wait for their turn here, so that there are others among them.
const PAGE: usize = Lanes::PLACES + 44;

/// Where a page holds nothing but webhooks of endpoints that have their hands full, those move behind all others.
const BEHIND_OTHERS: Duration = Duration::from_secs(60);

/// What the delivery of webhooks has of its own in this process.
pub struct Webhooks {
    sender: Sender,
    /// `None` where there is no file; nothing can be signed then.
    tenants: Option<Arc<KeysFile>>,
    lanes: Lanes,
    finished: Notify,
    /// The jobs whose webhooks wait for their turn here, or are being sent.
    at_hand: Mutex<HashSet<JobId>>,
}

impl Webhooks {
    /// Reads the file of tenants; nothing is sent yet.
    ///
    /// # Errors
    /// The file cannot be read, or something in it is wrong.
    pub async fn new(config: &WebhooksConfig) -> anyhow::Result<Self> {
        let file = config.keys_file.clone();
        let tenants = spawn_blocking(move || file.map(KeysFile::open).transpose()).await?;
        Ok(Self {
            sender: Sender::new(config.reach, config.timeout),
            tenants: tenants.context("API_KEYS_FILE")?,
            lanes: Lanes::default(),
            finished: Notify::new(),
            at_hand: Mutex::default(),
        })
    }

    /// A job with a webhook has ended in this process: it need not wait for the next look.
    pub fn job_finished(&self) {
        self.finished.notify_one();
    }

    fn at_hand(&self) -> MutexGuard<'_, HashSet<JobId>> {
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends what is due until the process is asked to stop and everything at hand is settled.
pub async fn deliver(worker: Arc<Worker>) {
    let mut outage = Outage::new("the search for webhooks that are due");
    let mut sending = JoinSet::new();
    loop {
        let behind = match look(&worker, &mut sending).await {
            Ok(behind) => {
                outage.over();
                behind
            }
            Err(error) => {
                _ = outage.failed(&error);
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

fn report(ended: Result<(), tokio::task::JoinError>) {
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
            worker.backend.jobs.postpone_webhook(record, schedule::spread(BEHIND_OTHERS)).await?;
        }
    }
    Ok(behind)
}

fn host(record: &JobRecord) -> String {
    let url = record.webhook.as_ref().map(|webhook| webhook.url.as_str()).unwrap_or_default();
    headshot_core::WebhookUrl::parse(url, headshot_core::Reach::Anywhere)
        .map(|url| url.host())
        .unwrap_or_default()
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
            _turn = place.turn() => attempt::attempt(&self.worker, &self.record).await,
        }
    }
}

impl Drop for AtHand {
    fn drop(&mut self) {
        self.worker.webhooks.at_hand().remove(&self.record.job_id);
    }
}
