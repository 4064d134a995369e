//! Blobs, job records and the task queue behind one door, and the set-up of telemetry.
//!
//! [`Backend::connect`] gives three handles, [`Blobs`], [`Jobs`] and [`Tasks`]. They are structs around private enums:
//! which system answers is decided once, from the settings, and no vendor's type appears in a signature. The one
//! conformance suite in `tests/conformance.rs` says what every system behind them must do.

pub mod api_keys;
mod contract;
mod error;
mod gcp;
mod handles;
mod health;
mod jitter;
mod local;
mod outbound;
pub mod settings;
pub mod signals;
pub mod telemetry;

pub use contract::blobs::{DownloadRefused, SignedUpload, UploadTerms};
pub use contract::idempotency::{Answered, Begun, Reservation};
pub use contract::jobs::{
    AuditEntry, Claim, Claimed, DisabledEndpoint, ERASE, Erased, Finish, JobCounts, JobSearch, Made,
    WebhookClaim,
};
pub use contract::limits::{Allowance, Taken};
pub use contract::tasks::QueueDepth;
pub use contract::uploads::PendingUpload;
pub use error::{BackendError, Cause};
pub use gcp::{IdTokens, ModelObject, PushGate, TokenRefused};
pub use handles::{
    BlobReader, BlobWriter, Blobs, Delivery, Idempotency, Jobs, Limits, MalformedPush, PushAnswer,
    Subscription, Tasks, Uploads,
};
pub use health::Health;
pub use local::{Download, LocalDownloads, LocalUpload, LocalUploads};
pub use settings::{BackendSettings, GcpSettings, LocalSettings, PushSettings};

use crate::error::Result;

/// Everything that is stored or sent between the API and the workers. Clones are cheap and share connections.
#[derive(Clone)]
pub struct Backend {
    /// Originals and artefacts.
    pub blobs: Blobs,
    /// Job records.
    pub jobs: Jobs,
    /// The queue of tasks from the API to the workers.
    pub tasks: Tasks,
    /// The keys of requests that may be sent again.
    pub idempotency: Idempotency,
    /// Photos that are to be put with a signed link.
    pub uploads: Uploads,
    /// How many calls are taken.
    pub limits: Limits,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Local(local::Local),
    Gcp(gcp::Gcp),
}

impl Backend {
    /// Opens the backend that `settings` name. The local one creates what is missing; on Google Cloud everything has to
    /// be there, and whether it is, is [`Backend::check`]'s to say: connections are made when they are first used.
    ///
    /// # Errors
    /// The place cannot be reached, created, written or read; the message names it.
    pub async fn connect(settings: &BackendSettings) -> Result<Self> {
        match settings {
            BackendSettings::Local(settings) => {
                let local = local::Local::open(settings).await?;
                Ok(Self {
                    blobs: Blobs::local(local.blobs.clone()),
                    jobs: Jobs::local(local.records.clone()),
                    tasks: Tasks::local(local.queue.clone()),
                    idempotency: Idempotency::local(local.keys.clone()),
                    uploads: Uploads::local(local.uploads.clone()),
                    limits: Limits::local(local.limits.clone()),
                    kind: Kind::Local(local),
                })
            }
            BackendSettings::Gcp(settings) => {
                let gcp = gcp::Gcp::connect(settings).await?;
                Ok(Self {
                    blobs: Blobs::gcp(gcp.blobs.clone()),
                    jobs: Jobs::gcp(gcp.records.clone()),
                    tasks: Tasks::gcp(gcp.queue.clone()),
                    idempotency: Idempotency::gcp(gcp.records.clone()),
                    uploads: Uploads::gcp(gcp.records.clone()),
                    limits: Limits::gcp(gcp.limits.clone()),
                    kind: Kind::Gcp(gcp),
                })
            }
        }
    }

    /// Asks every dependency whether it answers, each for at most three seconds.
    pub async fn check(&self) -> Health {
        match &self.kind {
            Kind::Local(local) => local.check().await,
            Kind::Gcp(gcp) => gcp.check().await,
        }
    }

    /// To be called last, when every subscription is dropped and every delivery answered: waits, for a few seconds at
    /// most, until the answers have left this process. Whatever does not is delivered again, which is harmless.
    pub async fn close(&self) {
        match &self.kind {
            Kind::Local(_) => {}
            Kind::Gcp(gcp) => gcp.queue.close().await,
        }
    }
}
