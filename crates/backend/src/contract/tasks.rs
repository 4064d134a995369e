use std::time::Duration;

/// How full the queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDepth {
    /// Tasks that could be delivered now.
    pub ready: u64,
    /// Tasks that wait out the back-off after a refusal.
    pub delayed: u64,
    /// Tasks that a worker holds.
    pub leased: u64,
    /// Dead letters.
    pub dead: u64,
    /// How long ago the oldest task that is not acknowledged was published.
    pub oldest_age: Option<Duration>,
}
