//! The Google Cloud backend: Cloud Storage for blobs, Firestore for records, Pub/Sub for the queue.
//!
//! Every call has a deadline and few retries, so that whoever waits for the answer hears within seconds that a service
//! is away. Where an emulator is named in the settings, no credentials are looked for.
//!
//! What the backend's handles call are plain functions that return boxed futures. The clients' futures are deeply nested
//! types; the body of an `async fn` is compiled by whoever awaits it, so that otherwise each program and each test would
//! compile all of them again, for minutes.

mod auth;
mod deadlines;
mod emulator;
mod error;
mod firestore;
mod pubsub;
mod renewable;
mod storage;

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::timeout;

pub use auth::{IdTokens, TokenRefused};
pub(crate) use firestore::{GcpLimits, GcpRecords};
pub use pubsub::PushGate;
pub(crate) use pubsub::{Envelope, GcpDelivery, GcpQueue, GcpSubscription, PushedDelivery};
pub use storage::ModelObject;
pub(crate) use storage::{GcpBlobReader, GcpBlobWriter, GcpBlobs};

use crate::error::{Result, bail};
use crate::health::Health;
use crate::settings::GcpSettings;

/// How long one dependency may take to answer a health check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Clone)]
pub(crate) struct Gcp {
    pub(crate) blobs: GcpBlobs,
    pub(crate) records: GcpRecords,
    pub(crate) queue: GcpQueue,
    pub(crate) limits: GcpLimits,
}

impl Gcp {
    pub(crate) fn connect(settings: &GcpSettings) -> BoxFuture<'_, Result<Self>> {
        async move {
            let missing = [
                ("project_id", &settings.project_id),
                ("bucket_original", &settings.bucket_original),
                ("bucket_output", &settings.bucket_output),
                ("topic", &settings.topic),
            ];
            if let Some((name, _)) = missing.into_iter().find(|(_, value)| value.is_empty()) {
                bail!(NotFound, "the Google Cloud backend needs a {name}");
            }
            Ok(Self {
                blobs: GcpBlobs::connect(settings).await?,
                records: GcpRecords::new(settings),
                queue: GcpQueue::connect(settings).await?,
                limits: GcpLimits::new(settings),
            })
        }
        .boxed()
    }

    pub(crate) fn check(&self) -> BoxFuture<'_, Health> {
        async move {
            let (storage, records, queue) = tokio::join!(
                answer("Cloud Storage", self.blobs.check()),
                answer("Firestore", self.records.check()),
                answer("Pub/Sub", self.queue.check()),
            );
            Health { storage, records, queue }
        }
        .boxed()
    }
}

async fn answer(name: &str, check: impl Future<Output = Result<()>>) -> Result<(), String> {
    match timeout(CHECK_TIMEOUT, check).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("{name}: {error:#}")),
        Err(_) => Err(format!("{name} did not answer within {} s", CHECK_TIMEOUT.as_secs())),
    }
}
