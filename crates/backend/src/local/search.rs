//! Questions about many records, and the erasing of one.

use headshot_core::{JobId, JobRecord};
use rusqlite::{Connection, OptionalExtension, Params, Transaction, params};

use super::database::Durability;
use super::records::{LocalRecords, load, parse};
use crate::contract::jobs::{AuditEntry, Erased, JobSearch, record_time};
use crate::error::Result;

impl LocalRecords {
    pub(crate) async fn search(&self, search: &JobSearch) -> Result<Vec<JobRecord>> {
        let search = search.clone();
        let query = move |connection: &Connection| {
            let (from, to) = (
                search.since.map_or(i64::MIN, |since| since.as_microsecond()),
                search.before.map_or(i64::MAX, |before| before.as_microsecond()),
            );
            let (tenant, limit) = (search.tenant.as_str(), i64::from(search.limit));
            // A statement for each index: with OR in it, SQLite would use none of them.
            match (search.status, &search.order_id) {
                (None, None) => records(
                    connection,
                    "SELECT document FROM jobs WHERE tenant = ?1 AND created_at >= ?2 AND created_at < ?3 \
                     ORDER BY created_at DESC LIMIT ?4",
                    params![tenant, from, to, limit],
                ),
                (Some(status), None) => records(
                    connection,
                    "SELECT document FROM jobs WHERE tenant = ?1 AND created_at >= ?2 AND created_at < ?3 \
                     AND status = ?5 ORDER BY created_at DESC LIMIT ?4",
                    params![tenant, from, to, limit, status.as_str()],
                ),
                (None, Some(order_id)) => records(
                    connection,
                    "SELECT document FROM jobs WHERE tenant = ?1 AND created_at >= ?2 AND created_at < ?3 \
                     AND order_id = ?5 ORDER BY created_at DESC LIMIT ?4",
                    params![tenant, from, to, limit, order_id],
                ),
                (Some(status), Some(order_id)) => records(
                    connection,
                    "SELECT document FROM jobs WHERE tenant = ?1 AND created_at >= ?2 AND created_at < ?3 \
                     AND order_id = ?5 AND status = ?6 ORDER BY created_at DESC LIMIT ?4",
                    params![tenant, from, to, limit, order_id, status.as_str()],
                ),
            }
        };
        self.database.read(query).await
    }

    pub(crate) async fn made_from(&self, id: JobId) -> Result<Vec<JobRecord>> {
        let query = move |connection: &Connection| {
            records(
                connection,
                "SELECT document FROM jobs WHERE photo_of = ?1 ORDER BY created_at",
                [id.to_string()],
            )
        };
        self.database.read(query).await
    }

    pub(crate) async fn rendered(&self, render_key: &str) -> Result<Option<JobRecord>> {
        let key = render_key.to_owned();
        let query = move |connection: &Connection| {
            let document: Option<String> = connection
                .prepare_cached(
                    "SELECT document FROM jobs WHERE render_key = ?1 ORDER BY created_at DESC LIMIT 1",
                )?
                .query_row([key], |row| row.get(0))
                .optional()?;
            document.as_deref().map(parse).transpose()
        };
        self.database.read(query).await
    }

    pub(crate) async fn erase(&self, id: JobId, entry: &AuditEntry) -> Result<Erased> {
        let entry = entry.clone();
        let erase = move |transaction: &Transaction<'_>| {
            let Some(record) = load(transaction, id)? else { return Ok(Erased::Missing) };
            if !record.status.is_terminal() {
                return Ok(Erased::UnderWay);
            }
            note(transaction, &entry)?;
            transaction.prepare_cached("DELETE FROM jobs WHERE id = ?1")?.execute([id.to_string()])?;
            Ok(Erased::Gone)
        };
        self.database.write(Durability::PowerCut, erase).await
    }

    pub(crate) async fn expired(&self, limit: usize) -> Result<Vec<JobRecord>> {
        let (now, limit) = (record_time().as_microsecond(), i64::try_from(limit).unwrap_or(i64::MAX));
        let query = move |connection: &Connection| {
            records(
                connection,
                "SELECT document FROM jobs WHERE expire_at <= ?1 AND status IN ('done', 'failed') \
                 ORDER BY expire_at LIMIT ?2",
                params![now, limit],
            )
        };
        self.database.read(query).await
    }

    pub(crate) async fn forget(&self, id: JobId) -> Result<()> {
        let forget = move |transaction: &Transaction<'_>| {
            transaction.prepare_cached("DELETE FROM jobs WHERE id = ?1")?.execute([id.to_string()])?;
            Ok(())
        };
        self.database.write(Durability::Kill, forget).await
    }

    pub(crate) async fn was_done(&self, id: JobId, action: &'static str) -> Result<bool> {
        let query = move |connection: &Connection| {
            let mut found =
                connection.prepare_cached("SELECT 1 FROM audit WHERE job_id = ?1 AND action = ?2")?;
            Ok(found.exists(params![id.to_string(), action])?)
        };
        self.database.read(query).await
    }

    pub(crate) async fn audit(&self, entry: &AuditEntry) -> Result<()> {
        let entry = entry.clone();
        self.database.write(Durability::PowerCut, move |transaction| note(transaction, &entry)).await
    }
}

fn note(transaction: &Transaction<'_>, entry: &AuditEntry) -> Result<()> {
    let AuditEntry { tenant, actor, action, job_id } = entry;
    let at = record_time().as_microsecond();
    transaction
        .prepare_cached("INSERT INTO audit (at, tenant, actor, action, job_id) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![at, tenant.as_str(), actor, action, job_id.to_string()])?;
    Ok(())
}

fn records(connection: &Connection, query: &str, parameters: impl Params) -> Result<Vec<JobRecord>> {
    let mut statement = connection.prepare_cached(query)?;
    let documents = statement.query_map(parameters, |row| row.get::<_, String>(0))?;
    documents.map(|document| parse(&document?)).collect()
}
