//! The task queue as a table: leases are times, answers are conditional on the lease's token.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headshot_core::TaskMessage;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use tokio::sync::{Notify, OwnedSemaphorePermit};

use super::blocking::blocking;
use super::database::{Database, Durability};
use crate::contract::tasks::QueueDepth;
use crate::error::{Context, Result};
use crate::jitter::jitter;
use crate::settings::LocalSettings;

#[derive(Clone)]
pub(crate) struct LocalQueue {
    shared: Arc<Shared>,
}

struct Shared {
    database: Arc<Database>,
    lease: Duration,
    retry_min: Duration,
    retry_max: Duration,
    /// Wakes a subscription of this process when a task became deliverable through this process. Other processes find
    /// out by looking.
    wake: Notify,
}

/// A task with the right to answer for it.
pub(super) struct Leased {
    id: i64,
    token: [u8; 16],
    body: Vec<u8>,
    traceparent: Option<String>,
    attempt: u32,
}

pub(crate) struct LocalDelivery {
    queue: LocalQueue,
    leased: Leased,
    _permit: OwnedSemaphorePermit,
}

impl LocalQueue {
    pub(super) fn new(database: Arc<Database>, settings: &LocalSettings) -> Self {
        let &LocalSettings { task_lease: lease, retry_min, retry_max, .. } = settings;
        Self { shared: Arc::new(Shared { database, lease, retry_min, retry_max, wake: Notify::new() }) }
    }

    /// A task that a power cut takes back is published again by the sweep, since its record is on disk.
    pub(crate) async fn publish(&self, body: Bytes, traceparent: Option<&str>) -> Result<()> {
        let job_id = TaskMessage::from_json(&body).ok().map(|task| task.job_id.to_string());
        let traceparent = traceparent.map(str::to_owned);
        let now = now();
        let insert = move |transaction: &Transaction<'_>| {
            transaction
                .prepare_cached(
                    "INSERT INTO tasks (job_id, body, traceparent, enqueued_at, visible_at) \
                     VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT DO NOTHING",
                )?
                .execute(params![job_id, body.as_ref(), traceparent, now])?;
            Ok(())
        };
        self.shared.database.write(Durability::Kill, insert).await?;
        self.shared.wake.notify_one();
        Ok(())
    }

    pub(crate) async fn depth(&self) -> Result<QueueDepth> {
        let now = now();
        let query = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(
                "SELECT COUNT(*) FILTER (WHERE visible_at <= ?1), \
                        COUNT(*) FILTER (WHERE visible_at > ?1 AND lease IS NULL), \
                        COUNT(*) FILTER (WHERE visible_at > ?1 AND lease IS NOT NULL), \
                        (SELECT COUNT(*) FROM dead_letters), \
                        MIN(enqueued_at) \
                 FROM tasks",
            )?;
            let depth = statement.query_row([now], |row| {
                let oldest: Option<i64> = row.get(4)?;
                Ok(QueueDepth {
                    ready: row.get(0)?,
                    delayed: row.get(1)?,
                    leased: row.get(2)?,
                    dead: row.get(3)?,
                    oldest_age: oldest.map(|at| micros(now.saturating_sub(at))),
                })
            })?;
            Ok(depth)
        };
        self.shared.database.read(query).await
    }

    /// Takes the task that has been deliverable for longest. It blocks.
    pub(super) fn take(&self) -> Result<Option<Leased>> {
        // Looking first costs no write lock, which a poll of an empty queue should not take from those who have work.
        if !self.shared.database.read_blocking(any_visible)? {
            return Ok(None);
        }
        let mut token = [0; 16];
        getrandom::fill(&mut token).context("the operating system gives no random numbers")?;
        self.shared.database.write_blocking(Durability::Kill, |transaction| {
            let now = now();
            let mut statement = transaction.prepare_cached(
                "UPDATE tasks SET lease = ?1, visible_at = ?2, delivery_count = delivery_count + 1 \
                 WHERE id = (SELECT id FROM tasks WHERE visible_at <= ?3 ORDER BY visible_at, id LIMIT 1) \
                 RETURNING id, body, traceparent, delivery_count",
            )?;
            let leased = statement.query_row(params![token, end_of(now, self.shared.lease), now], |row| {
                let attempt = u32::try_from(row.get::<_, i64>(3)?).unwrap_or(u32::MAX);
                Ok(Leased { id: row.get(0)?, token, body: row.get(1)?, traceparent: row.get(2)?, attempt })
            });
            Ok(leased.optional()?)
        })
    }

    /// Puts a task back as if it had not been taken. It blocks.
    pub(super) fn put_back(&self, leased: &Leased) -> Result<bool> {
        let put_back = |transaction: &Transaction<'_>| {
            let changed = transaction
                .prepare_cached(
                    "UPDATE tasks SET lease = NULL, visible_at = ?3, delivery_count = MAX(delivery_count - 1, 0) \
                     WHERE id = ?1 AND lease = ?2",
                )?
                .execute(params![leased.id, leased.token, now()])?;
            Ok(changed == 1)
        };
        let put_back = self.shared.database.write_blocking(Durability::Kill, put_back)?;
        self.shared.wake.notify_one();
        Ok(put_back)
    }

    pub(super) fn deliver(&self, leased: Leased, permit: OwnedSemaphorePermit) -> LocalDelivery {
        LocalDelivery { queue: self.clone(), leased, _permit: permit }
    }

    /// Waits until this process has made a task deliverable.
    pub(super) async fn woken(&self) {
        self.shared.wake.notified().await;
    }

    /// Runs one conditional statement, whose first two parameters are the task and the token.
    async fn answer(
        &self,
        leased: &Leased,
        work: impl FnOnce(&Transaction<'_>, i64, [u8; 16]) -> Result<usize> + Send + 'static,
    ) -> Result<bool> {
        let (id, token) = (leased.id, leased.token);
        let changed = self
            .shared
            .database
            .write(Durability::Kill, move |transaction| work(transaction, id, token))
            .await?;
        Ok(changed == 1)
    }

    /// The wait after the `attempt`th delivery was refused: doubling, and a quarter up or down, so that tasks that
    /// failed together do not come back together.
    fn back_off(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(20);
        let wait = self.shared.retry_min.saturating_mul(1 << doublings).min(self.shared.retry_max);
        wait.mul_f64(0.75 + 0.5 * jitter())
    }
}

impl LocalDelivery {
    pub(crate) fn body(&self) -> &[u8] {
        &self.leased.body
    }

    pub(crate) fn attempt(&self) -> u32 {
        self.leased.attempt
    }

    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.leased.traceparent.as_deref()
    }

    pub(crate) async fn ack(self) -> Result<bool> {
        let delete = |transaction: &Transaction<'_>, id, token| {
            Ok(transaction
                .prepare_cached("DELETE FROM tasks WHERE id = ?1 AND lease = ?2")?
                .execute(params![id, token])?)
        };
        self.queue.answer(&self.leased, delete).await
    }

    pub(crate) async fn nack(self, reason: &str) -> Result<bool> {
        let again_at = end_of(now(), self.queue.back_off(self.leased.attempt));
        let reason = reason.to_owned();
        let delay = move |transaction: &Transaction<'_>, id, token| {
            Ok(transaction
                .prepare_cached(
                    "UPDATE tasks SET lease = NULL, visible_at = ?3, last_reason = ?4 WHERE id = ?1 AND lease = ?2",
                )?
                .execute(params![id, token, again_at, reason])?)
        };
        self.queue.answer(&self.leased, delay).await
    }

    pub(crate) async fn dead_letter(self, reason: &str) -> Result<bool> {
        let reason = reason.to_owned();
        let bury = move |transaction: &Transaction<'_>, id, token| {
            let buried = transaction
                .prepare_cached(
                    "INSERT INTO dead_letters \
                         (job_id, body, traceparent, enqueued_at, delivery_count, reason, died_at) \
                     SELECT job_id, body, traceparent, enqueued_at, delivery_count, ?3, ?4 \
                     FROM tasks WHERE id = ?1 AND lease = ?2",
                )?
                .execute(params![id, token, reason, now()])?;
            transaction
                .prepare_cached("DELETE FROM tasks WHERE id = ?1 AND lease = ?2")?
                .execute(params![id, token])?;
            Ok(buried)
        };
        self.queue.answer(&self.leased, bury).await
    }

    pub(crate) async fn give_back(self) -> Result<bool> {
        let Self { queue, leased, .. } = self;
        blocking(move || queue.put_back(&leased)).await
    }

    pub(crate) async fn extend(&self) -> Result<bool> {
        let until = end_of(now(), self.queue.shared.lease);
        let extend = move |transaction: &Transaction<'_>, id, token| {
            Ok(transaction
                .prepare_cached("UPDATE tasks SET visible_at = ?3 WHERE id = ?1 AND lease = ?2")?
                .execute(params![id, token, until])?)
        };
        self.queue.answer(&self.leased, extend).await
    }
}

fn any_visible(connection: &Connection) -> Result<bool> {
    let mut statement =
        connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM tasks WHERE visible_at <= ?1)")?;
    Ok(statement.query_row([now()], |row| row.get(0))?)
}

fn now() -> i64 {
    Timestamp::now().as_microsecond()
}

fn end_of(start: i64, wait: Duration) -> i64 {
    start.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX))
}

fn micros(count: i64) -> Duration {
    Duration::from_micros(u64::try_from(count).unwrap_or(0))
}
