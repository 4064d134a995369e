//! What the process needs besides its tasks: worker slots, liveness, back-off, metrics and the way out.

pub mod backoff;
pub mod liveness;
pub mod metrics;
pub mod outcome;
pub mod shutdown;
pub mod slots;
