use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit, RwLock, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tracing::error;

/// How long an abandoned render thread may take to reach its next stage before the process ends without it.
const LAST_STAGE: Duration = Duration::from_secs(2);

/// The jobs of this process: so many at a time, whichever way they come, and all of them settled before it ends.
pub struct Hands {
    number: usize,
    permits: Arc<Semaphore>,
    /// `None` once the last job has been taken.
    jobs: Mutex<Option<JoinSet<()>>>,
    /// Shared by the jobs that are claimed, from before the claim until they are settled; a permit is given back when the render
    /// has ended.
    company: Arc<RwLock<()>>,
    /// When a job was last begun.
    last: Mutex<Instant>,
}

impl Hands {
    /// So many jobs at a time.
    pub fn new(number: usize) -> Self {
        let permits = Arc::new(Semaphore::new(number));
        Self {
            number,
            permits,
            jobs: Mutex::new(Some(JoinSet::new())),
            company: Arc::default(),
            last: Mutex::new(Instant::now()),
        }
    }

    /// Waits until no job is worked on alone, and keeps it so for as long as the guard lives.
    pub async fn beside_others(&self) -> OwnedRwLockReadGuard<()> {
        self.company.clone().read_owned().await
    }

    /// Waits until no other job is claimed, and keeps it so for as long as the guard lives. Whoever waits longest comes first.
    pub async fn alone(&self) -> OwnedRwLockWriteGuard<()> {
        self.company.clone().write_owned().await
    }

    /// How long a hand has been free and no job has come: so long the queue seems to be empty. Zero while all are busy.
    pub fn idle_for(&self) -> Duration {
        let running = self.jobs().as_mut().map_or(0, |jobs| {
            while let Some(ended) = jobs.try_join_next() {
                report(ended);
            }
            jobs.len()
        });
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if running >= self.number { Duration::ZERO } else { last.elapsed() }
    }

    /// Waits for a free hand. Whoever waits longest gets the next one.
    pub async fn free(&self) -> OwnedSemaphorePermit {
        match self.permits.clone().acquire_owned().await {
            Ok(permit) => permit,
            Err(_) => unreachable!("nobody closes the semaphore"),
        }
    }

    /// Starts a job, which goes on whatever becomes of the caller. Too late, it is dropped.
    pub fn start(&self, job: impl Future<Output = ()> + Send + 'static) {
        if let Some(jobs) = self.jobs().as_mut() {
            while let Some(ended) = jobs.try_join_next() {
                report(ended);
            }
            jobs.spawn(job);
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }

    /// Takes no more jobs and waits until those at hand are settled.
    pub async fn settled(&self) {
        let mut jobs = self.jobs().take().unwrap_or_default();
        while let Some(ended) = jobs.join_next().await {
            report(ended);
        }
        // ONNX Runtime must not be torn down under a thread that still computes with it.
        let all = u32::try_from(self.number).unwrap_or(u32::MAX);
        let _ = timeout(LAST_STAGE, self.permits.acquire_many(all)).await;
    }

    fn jobs(&self) -> MutexGuard<'_, Option<JoinSet<()>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn report(ended: Result<(), JoinError>) {
    // The job's claim and its delivery lapse, and the job is tried again.
    if let Err(error) = ended {
        error!(%error, "the handling of a job broke off");
    }
}
