//! What the programs hold: structs over private enums, one variant a kind of backend.

mod blobs;
mod dispatch;
mod idempotency;
mod jobs;
mod limits;
mod tasks;
mod uploads;

pub use blobs::{BlobReader, BlobWriter, Blobs};
pub use idempotency::Idempotency;
pub use jobs::Jobs;
pub use limits::Limits;
pub use tasks::{Delivery, MalformedPush, PushAnswer, Subscription, Tasks};
pub use uploads::Uploads;
