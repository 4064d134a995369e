use std::time::Duration;

use tracing::{info, warn};

/// How long to wait before a dependency that fails is tried again.
///
/// Logs once that it is gone, and once that it is back.
pub struct Backoff {
    what: &'static str,
    failures: u32,
}

const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

impl Backoff {
    /// All is well so far; `what` names the dependency in log lines.
    pub fn new(what: &'static str) -> Self {
        Self { what, failures: 0 }
    }

    /// A call failed. Returns how long to wait: a quarter of a second, doubling up to ten.
    pub fn failed(&mut self, error: &anyhow::Error) -> Duration {
        let wait = FIRST_WAIT.saturating_mul(1 << self.failures.min(10)).min(LONGEST_WAIT);
        if self.failures == 0 {
            warn!(error = format!("{error:#}"), "{} does not answer; trying on quietly", self.what);
        }
        self.failures = self.failures.saturating_add(1);
        wait
    }

    /// A call succeeded.
    pub fn succeeded(&mut self) {
        if self.failures > 0 {
            info!(failed_calls = self.failures, "{} answers again", self.what);
            self.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_seconds_and_start_over_after_a_success() {
        let mut backoff = Backoff::new("the queue");
        let error = anyhow::anyhow!("refused");
        let waits: Vec<_> = (0..40).map(|_| backoff.failed(&error)).collect();
        assert_eq!(waits.first(), Some(&FIRST_WAIT));
        assert_eq!(waits.get(1), Some(&(FIRST_WAIT * 2)));
        assert_eq!(waits.last(), Some(&LONGEST_WAIT));
        backoff.succeeded();
        assert_eq!(backoff.failed(&error), FIRST_WAIT);
    }
}
