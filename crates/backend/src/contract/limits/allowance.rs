use std::time::Duration;

use jiff::Timestamp;

/// One limit of one caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Its name in the store: letters, digits and `:.@_-`.
    pub bucket: String,
    /// How many tokens there are at most.
    pub capacity: u64,
    /// How many come back a minute; 0 is a quota, of which none come back.
    pub per_minute: u64,
    /// When a quota ends; another bucket follows it.
    pub ends: Option<Timestamp>,
}

/// What became of a call's wish for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether it got one.
    pub granted: bool,
    /// About how many are left.
    pub left: u64,
    /// When there will be one again; zero if there is.
    pub retry_after: Duration,
    /// When there will be all of them again.
    pub full_in: Duration,
}

impl Allowance {
    /// So many calls a minute, of which all may come at once.
    pub fn per_minute(bucket: String, calls: u64) -> Self {
        Self { bucket, capacity: calls, per_minute: calls, ends: None }
    }

    /// The most tokens that one process draws at a time.
    pub(crate) fn largest_batch(&self) -> u64 {
        (self.capacity / if self.per_minute == 0 { 100 } else { 20 }).max(1)
    }
}
