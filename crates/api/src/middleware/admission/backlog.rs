use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use headshot_backend::{JobCounts, Jobs};
use tracing::{info, warn};

/// How long a count is believed. Counting costs a query each time.
const COUNT_EVERY: Duration = Duration::from_secs(3);

/// What a job takes one hand, about, for the estimate of when to come again.
const SECONDS_A_JOB: u64 = 2;

/// The shortest and the longest time after which somebody is told to come again.
const COME_AGAIN: (u64, u64) = (5, 300);

/// Turns photos away while more jobs wait than the workers get through in good time.
pub(crate) struct Backlog {
    /// 0 is no bound.
    most: u64,
    counting: tokio::sync::Mutex<()>,
    counted: Mutex<Option<(Instant, JobCounts)>>,
    /// Jobs accepted here since the count.
    since: AtomicU64,
    refusing: std::sync::atomic::AtomicBool,
}

impl Backlog {
    /// For at most so many waiting jobs; 0 is no bound.
    pub(crate) fn new(most: u64) -> Self {
        Self {
            most,
            counting: tokio::sync::Mutex::default(),
            counted: Mutex::default(),
            since: AtomicU64::new(0),
            refusing: std::sync::atomic::AtomicBool::new(false),
        }
    }

    /// Whether another job may wait; if not, for how long whoever sends it should stay away.
    pub(crate) async fn check(&self, jobs: &Jobs) -> Result<(), Duration> {
        if self.most == 0 {
            return Ok(());
        }
        self.count(jobs).await;
        let Some(counts) = self.last(|_| true) else { return Ok(()) };
        let queued = counts.queued.saturating_add(self.since.load(Ordering::Relaxed));
        let full = queued >= self.most;
        if self.refusing.swap(full, Ordering::Relaxed) != full {
            if full {
                warn!(queued, most = self.most, "the backlog is full; photos are refused");
            } else {
                info!(queued, most = self.most, "the backlog has shrunk; photos are taken again");
            }
        }
        if full { Err(come_again(queued - self.most, counts.processing)) } else { Ok(()) }
    }

    /// A job was accepted.
    pub(crate) fn grows(&self) {
        self.since.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts anew if it is time. One request does, the others go by the last count; only without any do they wait.
    async fn count(&self, jobs: &Jobs) {
        let fresh = |at: Instant| at.elapsed() < COUNT_EVERY;
        if self.last(fresh).is_some() {
            return;
        }
        let _one_at_a_time = match self.counting.try_lock() {
            Ok(turn) => turn,
            Err(_) if self.last(|_| true).is_some() => return,
            Err(_) => self.counting.lock().await,
        };
        if self.last(fresh).is_some() {
            return;
        }
        // What is accepted while the count runs may be in it or not; it is counted once more rather than not at all.
        let before = self.since.load(Ordering::Relaxed);
        match jobs.counts().await {
            Ok(counts) => {
                self.since.fetch_sub(before, Ordering::Relaxed);
                *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), counts));
            }
            // Then the record cannot be written either, as a rule, and the answer is that.
            Err(error) => warn!(error = format!("{error:#}"), "the backlog could not be counted"),
        }
    }

    fn last(&self, is_wanted: impl Fn(Instant) -> bool) -> Option<JobCounts> {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.as_ref().filter(|(at, _)| is_wanted(*at)).map(|(_, counts)| *counts)
    }
}

/// When the surplus will have been worked off by as many hands as are busy now.
fn come_again(surplus: u64, busy: u64) -> Duration {
    let seconds = surplus.saturating_mul(SECONDS_A_JOB) / busy.max(1);
    Duration::from_secs(seconds.clamp(COME_AGAIN.0, COME_AGAIN.1))
}
