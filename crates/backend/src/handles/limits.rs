//! How many calls are taken, counted together by all processes that share a backend.
//!
//! A limit is a bucket of tokens: it begins full, each call takes one, and it fills again at a steady rate, or not at all, as
//! the quota of a month. The levels are in the shared store. A process does not ask it at each call: it draws a small batch
//! of tokens and spends them for about a second, then hands back what is left the next time it asks. So there is never more
//! let in than the limit says, and at any moment a process that stands idle keeps no more than a twentieth of a bucket (a
//! hundredth of a quota) from the others.
//!
//! Firestore takes about one write a second of a document. There, a process that has used up its batch early
//! waits for the next draw, two seconds at most. Calls wait with it, and the next batch is enough for all.
//! A process that finds that another has written the document within the last second makes its batches last
//! twice as long; when no other writes, half as long. So all together write it about once a second. Meanwhile
//! a process may keep a tenth of a bucket (a fiftieth of a quota).
//!
//! A store that says that another process was faster is asked again. Only one that gives no answer is done
//! without, bucket by bucket.

mod leases;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::contract::limits::{Allowance, Drawing, Drawn, Taken};
use crate::error::{Context, Result};
use crate::gcp::GcpLimits;
use crate::local::LocalLimits;
use leases::{Leases, PATIENCE};

/// The limits of all callers. Clones share what they have drawn.
#[derive(Clone)]
pub struct Limits {
    shared: Arc<Shared>,
}

struct Shared {
    kind: Kind,
    leases: Leases,
    /// Whether the last answer was none, for the log.
    away: AtomicBool,
}

enum Kind {
    Local(LocalLimits),
    Gcp(GcpLimits),
}

impl Limits {
    pub(crate) fn local(limits: LocalLimits) -> Self {
        Self::new(Kind::Local(limits))
    }

    pub(crate) fn gcp(limits: GcpLimits) -> Self {
        Self::new(Kind::Gcp(limits))
    }

    fn new(kind: Kind) -> Self {
        let away = AtomicBool::new(false);
        Self { shared: Arc::new(Shared { kind, leases: Leases::default(), away }) }
    }

    /// Takes one token. Where the store does not answer, this process lets in what the limit says on its own account: a
    /// service that turns everybody away because a counter cannot be read would be the greater harm.
    pub async fn take(&self, allowance: &Allowance) -> Taken {
        let entry = self.shared.leases.of(&allowance.bucket);
        let waiting = entry.wait();
        entry.lease.lock().await.asked();
        loop {
            let mut lease = entry.lease.lock().await;
            if lease.allowance.as_ref() != Some(allowance) {
                lease.begin(allowance);
            }
            if lease.spend() {
                return lease.answer(true, allowance);
            }
            if lease.is_known_to_be_empty() {
                return lease.answer(false, allowance);
            }
            if lease.counts_alone() {
                lease.draw_alone(allowance);
            } else if let Some(pause) = lease.pause(self.shared.kind.draws_at_once()) {
                drop(lease);
                sleep(pause).await;
                continue;
            } else {
                let drawing = lease.drawing(allowance, waiting.count());
                match self.draw(allowance, drawing).await {
                    Ok(Some(drawn)) => lease.drawn(drawn, drawing.wanted),
                    // Others get tokens, so there is a store and a limit; whoever calls comes again.
                    Ok(None) => lease.overtaken(),
                    Err(()) => lease.draw_alone(allowance),
                }
            }
            let granted = lease.spend();
            return lease.answer(granted, allowance);
        }
    }

    /// Gives one token back: what it was taken for has not come about. It is not remembered for a bucket that nobody has
    /// taken from for long.
    pub async fn put_back(&self, allowance: &Allowance) {
        if let Some(entry) = self.shared.leases.known(&allowance.bucket) {
            let mut lease = entry.lease.lock().await;
            if lease.allowance.as_ref() == Some(allowance) {
                lease.put_back();
            }
        }
    }

    /// When there will be a token again in a bucket that this process has lately found empty; `None` when it has not.
    /// Nothing is asked of the store.
    pub async fn empty_for(&self, bucket: &str) -> Option<Duration> {
        let entry = self.shared.leases.known(bucket)?;
        let lease = entry.lease.lock().await;
        lease.empty_for()
    }

    /// How many buckets this process remembers; there is a bound to it.
    pub fn remembered(&self) -> usize {
        self.shared.leases.count()
    }

    /// `None`: other processes were faster for as long as there was time. An error, which is logged here: there is no
    /// answer that helps.
    async fn draw(&self, allowance: &Allowance, drawing: Drawing) -> Result<Option<Drawn>, ()> {
        match self.shared.kind.draw(allowance, drawing).await {
            Ok(drawn) => {
                if self.shared.away.swap(false, Ordering::Relaxed) {
                    info!("limits are counted together again");
                }
                Ok(drawn)
            }
            Err(error) => {
                if !self.shared.away.swap(true, Ordering::Relaxed) {
                    let error = format!("{error:#}");
                    warn!(error, "limits cannot be counted together; each instance counts alone");
                }
                Err(())
            }
        }
    }
}

impl Kind {
    async fn draw(&self, allowance: &Allowance, drawing: Drawing) -> Result<Option<Drawn>> {
        match self {
            Self::Local(limits) => {
                let drawn = timeout(PATIENCE, limits.draw(allowance, drawing)).await;
                drawn.context("there was no answer in time")?.map(Some)
            }
            Self::Gcp(limits) => limits.draw(allowance, drawing, PATIENCE).await,
        }
    }

    /// How many draws on one bucket may follow each other at once before a process keeps to one a second; `None` is any
    /// number. Firestore takes one write a second of a document for long, and a few more for a moment.
    fn draws_at_once(&self) -> Option<u32> {
        match self {
            Self::Local(_) => None,
            Self::Gcp(_) => Some(3),
        }
    }
}
