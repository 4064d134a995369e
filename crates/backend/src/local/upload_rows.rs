//! Announced photos as rows.

use std::sync::Arc;
use std::time::Duration;

use headshot_core::{BlobKey, JobId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::blobs::LocalBlobs;
use super::database::{Database, Durability};
use crate::contract::uploads::PendingUpload;
use crate::error::{Context, Result};

/// An expired upload can no longer be submitted, but one that was just before may still be being read.
const STILL_READ_FOR: Duration = Duration::from_secs(10 * 60);

#[derive(Clone)]
pub(crate) struct LocalUploadRows {
    database: Arc<Database>,
    blobs: LocalBlobs,
}

impl LocalUploadRows {
    pub(super) fn new(database: Arc<Database>, blobs: LocalBlobs) -> Self {
        Self { database, blobs }
    }

    pub(crate) async fn create_upload(&self, upload: &PendingUpload) -> Result<()> {
        let upload = upload.clone();
        let insert = move |transaction: &Transaction<'_>| {
            transaction
                .prepare_cached(
                    "INSERT INTO uploads (id, tenant, content_type, bytes, file_name, expire_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    upload.id.to_string(),
                    upload.tenant.as_str(),
                    upload.content_type,
                    upload.bytes,
                    upload.file_name,
                    upload.expire_at.as_microsecond(),
                ])?;
            Ok(())
        };
        self.database.write(Durability::Kill, insert).await
    }

    pub(crate) async fn get_upload(&self, id: JobId) -> Result<Option<PendingUpload>> {
        self.database.read(move |connection| load(connection, id)).await
    }

    pub(crate) async fn forget_upload(&self, id: JobId) -> Result<()> {
        let forget = move |transaction: &Transaction<'_>| {
            transaction.prepare_cached("DELETE FROM uploads WHERE id = ?1")?.execute([id.to_string()])?;
            Ok(())
        };
        self.database.write(Durability::Kill, forget).await
    }

    /// The blob goes before the row: a crash between the two leaves a row that is found again. What killed processes were
    /// writing goes as well: a process that runs for months starts once.
    pub(crate) async fn clear_abandoned(&self, limit: usize) -> Result<usize> {
        self.blobs.remove_stale_drafts().await?;
        let before = Timestamp::now().checked_sub(STILL_READ_FOR).unwrap_or(Timestamp::MIN);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, EXISTS (SELECT 1 FROM jobs WHERE jobs.id = uploads.id) FROM uploads \
                 WHERE expire_at <= ?1 ORDER BY expire_at LIMIT ?2",
            )?;
            let rows = statement.query_map(params![before.as_microsecond(), limit], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))
            })?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        };
        let expired = self.database.read(query).await?;
        let count = expired.len();
        for (id, became_a_job) in expired {
            let id: JobId = id.parse().context("the id of an upload is none")?;
            if !became_a_job {
                self.blobs.delete(BlobKey::Original(id)).await?;
            }
            self.forget_upload(id).await?;
        }
        Ok(count)
    }
}

pub(super) fn load(connection: &Connection, id: JobId) -> Result<Option<PendingUpload>> {
    let columns = connection
        .prepare_cached(
            "SELECT tenant, content_type, bytes, file_name, expire_at FROM uploads WHERE id = ?1",
        )?
        .query_row([id.to_string()], |row| {
            let tenant: String = row.get(0)?;
            let expire_at: i64 = row.get(4)?;
            Ok((tenant, row.get(1)?, row.get(2)?, row.get(3)?, expire_at))
        })
        .optional()?;
    let Some((tenant, content_type, bytes, file_name, expire_at)) = columns else { return Ok(None) };
    Ok(Some(PendingUpload {
        id,
        tenant: tenant.parse().context("the tenant of an upload is none")?,
        content_type,
        bytes,
        file_name,
        expire_at: Timestamp::from_microsecond(expire_at)?,
    }))
}
