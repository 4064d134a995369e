//! What every kind of backend keeps to: types, and how they move. Nothing here knows a backend.

pub(crate) mod blobs;
pub(crate) mod idempotency;
pub(crate) mod jobs;
pub(crate) mod limits;
pub(crate) mod tasks;
pub(crate) mod uploads;
