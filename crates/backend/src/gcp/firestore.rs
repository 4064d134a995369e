//! Firestore: records, idempotency keys, announced photos and limits as documents.

mod client;
mod document;
mod idempotency;
mod limits;
mod records;
mod retry;
mod search;
mod sweep;
mod uploads;
mod webhooks;

pub(crate) use limits::GcpLimits;
pub(crate) use records::GcpRecords;
