use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use headshot_backend::api_keys::KeysFile;
use headshot_core::JobId;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use super::lanes::Lanes;
use super::sender::Sender;
use crate::config::WebhooksConfig;

/// What the delivery of webhooks has of its own in this process.
pub struct Webhooks {
    pub(super) sender: Sender,
    /// `None` where there is no file; nothing can be signed then.
    pub(super) tenants: Option<Arc<KeysFile>>,
    pub(super) lanes: Lanes,
    pub(super) finished: Notify,
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

    pub(super) fn at_hand(&self) -> MutexGuard<'_, HashSet<JobId>> {
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
