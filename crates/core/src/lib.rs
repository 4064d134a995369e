//! Domain types of the headshot service.
//!
//! Everything here is plain data and pure functions: no I/O, no async, no vendor. The API, the worker, the pipeline and
//! both backends speak in these types, so that none of them has to know another.

mod artefact;
mod blob_key;
mod job_id;
mod look;
mod message;
mod quality;
mod recipe;
mod record;
mod shot;
mod tenant;
pub mod upload;
mod webhook;

pub use artefact::{ArtefactInfo, Head, HeadSource, ModelInfo, Rendition};
pub use blob_key::{BlobKey, Bucket};
pub use job_id::{InvalidJobId, JobId};
pub use look::Look;
pub use message::{TaskMessage, TaskMessageError};
pub use quality::{Metric, PrintSize, Quality, QualityPolicy, Reason, Severity};
pub use recipe::{Background, Colour, Recipe, RecipeError};
pub use record::{Approval, Caching, Failure, JobRecord, Lease, Stage, Status, Upload};
pub use shot::Shot;
pub use tenant::{InvalidTenant, Tenant};
pub use webhook::{InvalidWebhookUrl, Reach, Webhook, WebhookDelivery, WebhookState, WebhookUrl, is_public};
