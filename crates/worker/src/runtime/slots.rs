use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit, RwLock, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tracing::error;

/// How long an abandoned render thread may take to reach its next stage before the process ends without it.
const LAST_STAGE: Duration = Duration::from_secs(2);

/// The worker slots: so many jobs at a time, pulled or pushed, all of them settled before the process ends.
pub struct Slots {
    number: usize,
    permits: Arc<Semaphore>,
    /// `None` once the last job has been taken.
    jobs: Mutex<Option<JoinSet<()>>>,
    /// Shared by the jobs that are claimed, from before the claim until they are settled; a permit is given back when the render
    /// has ended.
    company: Arc<RwLock<()>>,
    load: Arc<Mutex<Load>>,
}

/// How busy the slots are.
struct Load {
    running: usize,
    /// When all were last busy, or when the process began.
    full: Instant,
}

/// A slot that is taken.
struct Busy {
    number: usize,
    load: Arc<Mutex<Load>>,
}

impl Slots {
    /// So many jobs at a time.
    pub fn new(number: usize) -> Self {
        let permits = Arc::new(Semaphore::new(number));
        Self {
            number,
            permits,
            jobs: Mutex::new(Some(JoinSet::new())),
            company: Arc::default(),
            load: Arc::new(Mutex::new(Load { running: 0, full: Instant::now() })),
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

    /// How long a slot has been free all along: so long nothing waits in the queue.
    pub fn idle_for(&self) -> Duration {
        let load = self.load.lock().unwrap_or_else(PoisonError::into_inner);
        if load.running >= self.number { Duration::ZERO } else { load.full.elapsed() }
    }

    /// Waits for a free slot. The longest waiter gets the next one.
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
            let busy = Busy::new(self.number, &self.load);
            jobs.spawn(async move {
                let _busy = busy;
                job.await;
            });
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

impl Busy {
    fn new(number: usize, load: &Arc<Mutex<Load>>) -> Self {
        load.lock().unwrap_or_else(PoisonError::into_inner).running += 1;
        Self { number, load: load.clone() }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut load = self.load.lock().unwrap_or_else(PoisonError::into_inner);
        if load.running >= self.number {
            load.full = Instant::now();
        }
        load.running -= 1;
    }
}

fn report(ended: Result<(), JoinError>) {
    // The job's claim and its delivery lapse, and the job is tried again.
    if let Err(error) = ended {
        error!(%error, "the handling of a job broke off");
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn a_worker_with_a_free_slot_all_along_is_idle_however_often_jobs_come() {
        let slots = Slots::new(2);
        let job = |length| sleep(Duration::from_millis(length));
        for _ in 0..5 {
            slots.start(job(10));
            sleep(Duration::from_millis(40)).await;
        }
        assert!(slots.idle_for() >= Duration::from_millis(200));
        slots.start(job(100));
        slots.start(job(200));
        assert_eq!(slots.idle_for(), Duration::ZERO, "all are busy");
        sleep(Duration::from_millis(130)).await;
        assert!(slots.idle_for() < Duration::from_millis(80), "counted from when one became free");
        slots.settled().await;
    }
}
