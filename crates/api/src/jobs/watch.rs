//! Waiting for jobs. However many clients wait for one, its record is read for all of them together: often at first, and
//! less often the longer nothing happens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headshot_backend::Jobs;
use headshot_core::{JobId, JobRecord};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tracing::warn;

/// The time between two looks at a record: after a change, and when nothing has changed for long.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// Records that are read at the same time. Hundreds of jobs may be watched; read all at once, each would take a thread and a
/// connection to the database of its own.
const READS_AT_ONCE: usize = 16;

/// What those who wait see of a record. It ends when nothing more is going to be seen: the job has ended, the record is
/// gone, or the process stops.
pub(crate) type Watched = watch::Receiver<Arc<JobRecord>>;

/// Nothing more was going to be seen, and what was waited for had not come.
#[derive(Debug)]
pub(crate) struct WatchEnded;

/// The jobs that somebody waits for.
#[derive(Clone)]
pub(crate) struct Watchers {
    jobs: Jobs,
    stop: watch::Receiver<bool>,
    reads: Arc<Semaphore>,
    watched: Arc<Mutex<HashMap<JobId, watch::Sender<Arc<JobRecord>>>>>,
}

impl Watchers {
    /// Nobody waits yet.
    pub(crate) fn new(jobs: Jobs, stop: watch::Receiver<bool>) -> Self {
        Self { jobs, stop, reads: Arc::new(Semaphore::new(READS_AT_ONCE)), watched: Arc::default() }
    }

    /// Watches a job from the record on that was just read. Who comes later sees what the first saw last, if that is newer
    /// than the given record.
    pub(crate) fn watch(&self, record: JobRecord) -> Watched {
        let id = record.job_id;
        if record.status.is_terminal() {
            return watch::channel(Arc::new(record)).1;
        }
        let mut watched = self.lock();
        if let Some(sender) = watched.get(&id) {
            sender.send_if_modified(|seen| record.updated_at > seen.updated_at && replace(seen, record));
            return sender.subscribe();
        }
        let (sender, receiver) = watch::channel(Arc::new(record));
        watched.insert(id, sender.clone());
        drop(watched);
        tokio::spawn(self.clone().look_after(id, sender));
        receiver
    }

    /// The record once it is as wanted, or as it was last seen when `patience` is over.
    pub(crate) async fn until(
        &self,
        record: JobRecord,
        patience: Duration,
        wanted: impl Fn(&JobRecord) -> bool,
    ) -> Result<Arc<JobRecord>, WatchEnded> {
        if wanted(&record) {
            return Ok(Arc::new(record));
        }
        let mut watched = self.watch(record);
        let waited = timeout(patience, watched.wait_for(|record| wanted(record))).await;
        let ended = matches!(waited, Ok(Err(_)));
        drop(waited);
        if ended { Err(WatchEnded) } else { Ok(watched.borrow().clone()) }
    }

    async fn look_after(self, id: JobId, sender: watch::Sender<Arc<JobRecord>>) {
        let mut stop = self.stop.clone();
        let mut pause = PAUSE.0;
        let mut away = false;
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = sender.closed() => {}
                () = sleep(pause) => {}
            }
            if self.forget_if_alone(id, &sender) {
                return;
            }
            pause = (pause * 5 / 4).min(PAUSE.1);
            match self.read(id).await {
                Ok(Some(record)) => {
                    away = false;
                    let ended = record.status.is_terminal();
                    if sender.send_if_modified(|seen| replace(seen, record)) {
                        pause = PAUSE.0;
                    }
                    if ended {
                        break;
                    }
                }
                Ok(None) => break,
                // Whoever waits has time.
                Err(error) => {
                    if !std::mem::replace(&mut away, true) {
                        warn!(job_id = %id, error = format!("{error:#}"), "a record that is waited for cannot be read");
                    }
                    pause = PAUSE.1;
                }
            }
        }
        self.lock().remove(&id);
    }

    async fn read(&self, id: JobId) -> anyhow::Result<Option<JobRecord>> {
        let _permit = self.reads.acquire().await?;
        Ok(self.jobs.get(id).await?)
    }

    /// Under the lock, so that nobody joins a job that is no longer looked after.
    fn forget_if_alone(&self, id: JobId, sender: &watch::Sender<Arc<JobRecord>>) -> bool {
        let mut watched = self.lock();
        let alone = sender.receiver_count() == 0;
        if alone {
            watched.remove(&id);
        }
        alone
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, watch::Sender<Arc<JobRecord>>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn replace(seen: &mut Arc<JobRecord>, record: JobRecord) -> bool {
    let changed = **seen != record;
    if changed {
        *seen = Arc::new(record);
    }
    changed
}
