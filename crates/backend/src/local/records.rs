//! Job records as rows: a JSON document, and beside it the columns that the sweep searches.

use std::sync::Arc;
use std::time::Duration;

use headshot_core::{JobId, JobRecord};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use tracing::error;

use super::database::{Database, Durability};
use super::idempotency;
use crate::contract::idempotency::Reservation;
use crate::contract::jobs::{self, Change, Claim, Company, JobCounts, MOST_DOUBLINGS, record_time};
use crate::error::{Context, Result, bail, ensure};

/// In microseconds; doubled so often and added to the time of day it still fits into 64 bits.
const LONGEST_WAIT: i64 = i64::MAX >> 11;

#[derive(Clone)]
pub(crate) struct LocalRecords {
    pub(super) database: Arc<Database>,
}

impl LocalRecords {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    pub(crate) async fn create(&self, record: &JobRecord) -> Result<()> {
        let row = Row::of(record)?;
        let created =
            self.database.write(Durability::PowerCut, move |transaction| row.insert(transaction)).await?;
        if !created {
            bail!(Conflict, "job {} exists already", record.job_id);
        }
        Ok(())
    }

    pub(crate) async fn create_reserved(
        &self,
        record: &JobRecord,
        reservation: &Reservation,
        fingerprint: &str,
    ) -> Result<bool> {
        let (id, row) = (record.job_id, Row::of(record)?);
        let (reservation, fingerprint) = (reservation.clone(), fingerprint.to_owned());
        let create = move |transaction: &Transaction<'_>| {
            if !idempotency::answer(transaction, &reservation, id, &fingerprint)? {
                return Ok(false);
            }
            // An error takes the answer back.
            ensure!(row.insert(transaction)?, Conflict, "job {id} exists already");
            Ok(true)
        };
        self.database.write(Durability::PowerCut, create).await
    }

    pub(crate) async fn get(&self, id: JobId) -> Result<Option<JobRecord>> {
        self.database.read(move |connection| load(connection, id)).await
    }

    pub(crate) async fn claim(
        &self,
        id: JobId,
        worker: &str,
        lease: Duration,
        company: Company,
    ) -> Result<Claim> {
        let worker = worker.to_owned();
        let claim = move |transaction: &Transaction<'_>| {
            let Some(record) = load(transaction, id)? else { return Ok(Claim::Missing) };
            let claim = jobs::claim(record, &worker, lease, company, record_time());
            if let Claim::Claimed(claimed) = &claim {
                Row::of(claimed.record())?.update(transaction)?;
            }
            Ok(claim)
        };
        self.database.write(Durability::Kill, claim).await
    }

    /// Applies `change` in a transaction. What a power cut takes back, a redelivery does again.
    pub(crate) async fn change(&self, id: JobId, change: Box<dyn Change>) -> Result<bool> {
        self.database.write(Durability::Kill, move |transaction| apply(transaction, id, &*change)).await
    }

    /// The same for a change that a customer may have seen, and which must therefore never be taken back.
    pub(crate) async fn change_for_good(&self, id: JobId, change: Box<dyn Change>) -> Result<bool> {
        self.database.write(Durability::PowerCut, move |transaction| apply(transaction, id, &*change)).await
    }

    pub(crate) async fn unfinished(&self, untouched_for: Duration, limit: usize) -> Result<Vec<JobRecord>> {
        let now = record_time().as_microsecond();
        let wait = i64::try_from(untouched_for.as_micros()).unwrap_or(i64::MAX).min(LONGEST_WAIT);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = move |connection: &Connection| {
            // A job whose task is in the queue is not forgotten, however long the queue is.
            // MAX, because publishing a lapsed job again touches the record but not the lease.
            let mut statement = connection.prepare_cached(
                "SELECT document FROM jobs WHERE status IN ('queued', 'processing') \
                 AND NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.job_id = jobs.id) \
                 AND MAX(updated_at, COALESCE(lease_until, 0)) + (?1 << MIN(republished, ?4)) <= ?2 \
                 ORDER BY updated_at LIMIT ?3",
            )?;
            let documents = statement
                .query_map(params![wait, now, limit, MOST_DOUBLINGS], |row| row.get::<_, String>(0))?;
            let mut records = Vec::new();
            for document in documents {
                match parse(&document?) {
                    Ok(record) => records.push(record),
                    // One damaged record must not keep the sweep from all others.
                    Err(error) => {
                        error!(error = %format_args!("{error:#}"), "the sweep passes a damaged record over")
                    }
                }
            }
            Ok(records)
        };
        self.database.read(query).await
    }

    pub(crate) async fn counts(&self) -> Result<JobCounts> {
        let query = |connection: &Connection| {
            let mut statement = connection.prepare_cached(
                "SELECT COUNT(*) FILTER (WHERE status = 'queued'), COUNT(*) FILTER (WHERE status = 'processing') \
                 FROM jobs WHERE status IN ('queued', 'processing')",
            )?;
            Ok(statement
                .query_row((), |row| Ok(JobCounts { queued: row.get(0)?, processing: row.get(1)? }))?)
        };
        self.database.read(query).await
    }
}

/// A record taken apart into columns.
struct Row {
    id: String,
    status: &'static str,
    updated_at: i64,
    lease_until: Option<i64>,
    republished: u32,
    tenant: String,
    created_at: i64,
    order_id: Option<String>,
    photo_of: Option<String>,
    render_key: Option<String>,
    webhook_due: Option<i64>,
    expire_at: i64,
    document: String,
}

impl Row {
    fn of(record: &JobRecord) -> Result<Self> {
        Ok(Self {
            id: record.job_id.to_string(),
            status: record.status.as_str(),
            updated_at: record.updated_at.as_microsecond(),
            lease_until: record.lease.as_ref().map(|lease| lease.until.as_microsecond()),
            republished: record.republished,
            tenant: record.tenant.to_string(),
            created_at: record.created_at.as_microsecond(),
            order_id: record.order_id.clone(),
            photo_of: record.photo_of.map(|job| job.to_string()),
            render_key: record.render_key.clone(),
            webhook_due: webhook_due(record),
            expire_at: record.expire_at.as_microsecond(),
            document: serde_json::to_string(record).context("cannot write the record as JSON")?,
        })
    }

    /// `false` when there is a record of that id.
    fn insert(&self, transaction: &Transaction<'_>) -> Result<bool> {
        let inserted = transaction
            .prepare_cached(
                "INSERT INTO jobs (id, status, updated_at, lease_until, republished, document, \
                 tenant, created_at, order_id, photo_of, render_key, webhook_due, expire_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                self.id,
                self.status,
                self.updated_at,
                self.lease_until,
                self.republished,
                self.document,
                self.tenant,
                self.created_at,
                self.order_id,
                self.photo_of,
                self.render_key,
                self.webhook_due,
                self.expire_at
            ])?;
        Ok(inserted == 1)
    }

    fn update(&self, transaction: &Transaction<'_>) -> Result<()> {
        transaction
            .prepare_cached(
                "UPDATE jobs SET status = ?2, updated_at = ?3, lease_until = ?4, republished = ?5, document = ?6, \
                 render_key = ?7, webhook_due = ?8 WHERE id = ?1",
            )?
            .execute(params![
                self.id,
                self.status,
                self.updated_at,
                self.lease_until,
                self.republished,
                self.document,
                self.render_key,
                self.webhook_due
            ])?;
        Ok(())
    }
}

fn webhook_due(record: &JobRecord) -> Option<i64> {
    record.webhook.as_ref()?.next_at.map(Timestamp::as_microsecond)
}

fn apply(transaction: &Transaction<'_>, id: JobId, change: &dyn Change) -> Result<bool> {
    let Some(record) = load(transaction, id)? else { return Ok(false) };
    let Some(changed) = change(record, record_time()) else { return Ok(false) };
    Row::of(&changed)?.update(transaction)?;
    Ok(true)
}

pub(super) fn load(connection: &Connection, id: JobId) -> Result<Option<JobRecord>> {
    let document: Option<String> = connection
        .prepare_cached("SELECT document FROM jobs WHERE id = ?1")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    document
        .map(|document| parse(&document).with_context(|| format!("the record of job {id} is damaged")))
        .transpose()
}

pub(super) fn parse(document: &str) -> Result<JobRecord> {
    serde_json::from_str(document).context("a stored document is not a job record")
}
