//! The place of one photo in the month's quota of a key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A place that the middleware holds for the job that a call may make. [`crate::jobs::create`] takes it; one
/// that no job has taken when the call is answered is given back.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuotaHold(Arc<AtomicBool>);

impl QuotaHold {
    /// A job was made.
    pub(crate) fn take(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether one was.
    pub(super) fn is_taken(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
