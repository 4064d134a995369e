//! The levels of limits as rows.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};

use super::database::{Database, Durability};
use crate::contract::limits::{Allowance, Drawing, Drawn, Level};
use crate::error::{Context, Result};

/// Rows of full buckets that a new row takes with it, so that there are never many more of them than of the others.
const CLEARED_BY_EACH: u32 = 3;

#[derive(Clone)]
pub(crate) struct LocalLimits {
    database: Arc<Database>,
}

impl LocalLimits {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    /// A power cut may take back the last draws, and gives nobody more than a moment's tokens.
    pub(crate) async fn draw(&self, allowance: &Allowance, drawing: Drawing) -> Result<Drawn> {
        let allowance = allowance.clone();
        self.database.write(Durability::Kill, move |transaction| draw(transaction, &allowance, drawing)).await
    }
}

fn draw(transaction: &Transaction<'_>, allowance: &Allowance, drawing: Drawing) -> Result<Drawn> {
    let now = Timestamp::now();
    let found: Option<(i64, i64)> = transaction
        .prepare_cached("SELECT missing, at FROM limits WHERE bucket = ?1")?
        .query_row([&allowance.bucket], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let level = found
        .map(|(missing, at)| -> Result<Level> {
            Ok(Level { missing: u64::try_from(missing)?, at: Timestamp::from_microsecond(at)? })
        })
        .transpose()
        .context("a stored level is damaged")?;
    let (level, drawn) = Level::draw(level, allowance, drawing, now);
    if found.is_none() {
        transaction
            .prepare_cached(
                "DELETE FROM limits WHERE bucket IN (SELECT bucket FROM limits WHERE expire_at < ?1 LIMIT ?2)",
            )?
            .execute(params![now.as_microsecond(), CLEARED_BY_EACH])?;
    }
    transaction
        .prepare_cached(
            "INSERT INTO limits (bucket, missing, at, expire_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (bucket) DO UPDATE SET missing = ?2, at = ?3, expire_at = ?4",
        )?
        .execute(params![
            allowance.bucket,
            i64::try_from(level.missing)?,
            level.at.as_microsecond(),
            level.expires(allowance).as_microsecond()
        ])?;
    Ok(drawn)
}
