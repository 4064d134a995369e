//! The local backend: one directory that any number of processes on this machine share.
//!
//! ```text
//! blobs/originals/{path}   what customers sent, as plain files
//! blobs/outputs/{path}     what workers made, as plain files
//! tmp/                     blobs being written; renamed into blobs/ when whole
//! headshot.sqlite3         records, queue, dead letters, content types of blobs
//! signing.key              32 random bytes that sign download URLs
//! lock                     held while a process opens the directory
//! ```

mod blobs;
mod blocking;
mod database;
mod downloads;
mod draft;
mod error;
mod folder;
mod idempotency;
mod limits;
mod queue;
mod records;
mod search;
mod signing;
mod subscription;
mod upload_rows;
mod uploads;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

pub use blobs::Download;
pub(crate) use blobs::{LocalBlobWriter, LocalBlobs};
pub use downloads::LocalDownloads;
pub(crate) use idempotency::LocalKeys;
pub(crate) use limits::LocalLimits;
pub(crate) use queue::{LocalDelivery, LocalQueue};
pub(crate) use records::LocalRecords;
pub(crate) use subscription::LocalSubscription;
pub(crate) use upload_rows::LocalUploadRows;
pub use uploads::{LocalUpload, LocalUploads};

use crate::error::{Context, Result};
use crate::health::Health;
use crate::settings::LocalSettings;
use database::Database;
use folder::Folder;
use signing::Signer;

/// How long one dependency may take to answer a health check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct Local {
    pub(crate) blobs: LocalBlobs,
    pub(crate) records: LocalRecords,
    pub(crate) keys: LocalKeys,
    pub(crate) uploads: LocalUploadRows,
    pub(crate) queue: LocalQueue,
    pub(crate) limits: LocalLimits,
}

impl Local {
    pub(crate) async fn open(settings: &LocalSettings) -> Result<Self> {
        let settings = settings.clone();
        spawn_blocking(move || Self::open_blocking(&settings))
            .await
            .context("the opening of the data directory broke off")?
    }

    /// Everything that must happen once per directory happens under a file lock, so that processes which start together
    /// see either nothing or all of it.
    fn open_blocking(settings: &LocalSettings) -> Result<Self> {
        let folder = Folder::create(&settings.data_dir)?;
        folder.refuse_network()?;
        let _lock = folder.lock()?;
        folder.remove_stale_uploads()?;
        let key = folder.signing_key()?;
        let database = Arc::new(Database::open(&folder.database())?);
        folder.sync()?;
        let blobs = LocalBlobs::new(folder, database.clone(), Signer::new(&key, &settings.public_url)?);
        Ok(Self {
            blobs: blobs.clone(),
            records: LocalRecords::new(database.clone()),
            keys: LocalKeys::new(database.clone()),
            uploads: LocalUploadRows::new(database.clone(), blobs),
            limits: LocalLimits::new(database.clone()),
            queue: LocalQueue::new(database, settings),
        })
    }

    pub(crate) async fn check(&self) -> Health {
        let (storage, records, queue) = tokio::join!(
            answer("storage", self.blobs.check()),
            answer("records", self.records.counts()),
            answer("queue", self.queue.depth()),
        );
        Health { storage, records, queue }
    }
}

async fn answer<T>(name: &str, check: impl Future<Output = Result<T>>) -> Result<(), String> {
    match timeout(CHECK_TIMEOUT, check).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("{error:#}")),
        Err(_) => Err(format!("{name} did not answer within {} s", CHECK_TIMEOUT.as_secs())),
    }
}
