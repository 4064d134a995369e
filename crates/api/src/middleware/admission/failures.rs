//! Wrong keys, counted by the address that they come from.

use std::time::Duration;

use headshot_backend::Allowance;

use super::address::ClientAddress;
use crate::state::App;

/// Wrong keys from one address: so many at once, and so many a minute. A key has 256 random bits and would
/// not be guessed anyway; this keeps whoever tries from the log, the processor and the counters.
const FAILURES: (u64, u64) = (30, 10);

/// Counts a wrong key; how long its sender has to wait, if it was one too many.
pub(crate) async fn failed(app: &App, address: &ClientAddress) -> Option<Duration> {
    let (capacity, per_minute) = FAILURES;
    let allowance = Allowance { bucket: failures_of(address), capacity, per_minute, ends: None };
    let taken = app.backend.limits.take(&allowance).await;
    (!taken.granted).then_some(taken.retry_after)
}

/// How long an address that sent too many wrong keys has to wait before the next one is looked at.
pub(crate) async fn locked_out(app: &App, address: &ClientAddress) -> Option<Duration> {
    app.backend.limits.empty_for(&failures_of(address)).await
}

fn failures_of(address: &ClientAddress) -> String {
    format!("failures:{}", address.0)
}
