//! Idempotency keys as rows.

use std::sync::Arc;
use std::time::Duration;

use headshot_core::JobId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::database::{Database, Durability};
use crate::contract::idempotency::{Answered, Begun, Held, KEPT_FOR, LEFT_FOR, Reservation, Slot};
use crate::contract::jobs::record_time;
use crate::error::{Context, Result};

/// Each request clears so many expired rows away at most, and brings one at most: they cannot pile up, and none waits
/// long for the others.
const CLEARED_AT_ONCE: u32 = 16;

#[derive(Clone)]
pub(crate) struct LocalKeys {
    database: Arc<Database>,
}

impl LocalKeys {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    /// A power cut may take the reservation back. It takes what the request did along then.
    pub(crate) async fn begin_key(&self, reservation: Reservation, lease: Duration) -> Result<Begun> {
        let begin = move |transaction: &Transaction<'_>| {
            let now = record_time();
            clear(transaction, now)?;
            if let Some(begun) = load(transaction, &reservation.slot)?.and_then(|held| held.for_newcomer(now))
            {
                return Ok(begun);
            }
            transaction
                .prepare_cached(
                    "INSERT INTO idempotency (slot, token, lease_until, expire_at) VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT (slot) DO UPDATE SET token = excluded.token, lease_until = excluded.lease_until, \
                     expire_at = excluded.expire_at, job_id = NULL, fingerprint = NULL",
                )?
                .execute(params![
                    reservation.slot.0,
                    reservation.token,
                    microseconds(now, lease),
                    microseconds(now, lease + LEFT_FOR),
                ])?;
            Ok(Begun::Reserved(reservation))
        };
        self.database.write(Durability::Kill, begin).await
    }

    pub(crate) async fn held_key(&self, slot: Slot) -> Result<Option<Held>> {
        self.database.read(move |connection: &Connection| load(connection, &slot)).await
    }

    pub(crate) async fn renew_key(&self, reservation: &Reservation, lease: Duration) -> Result<bool> {
        let reservation = reservation.clone();
        let renew = move |transaction: &Transaction<'_>| {
            let now = record_time();
            let renewed = transaction
                .prepare_cached(
                    "UPDATE idempotency SET lease_until = ?3, expire_at = ?4 \
                     WHERE slot = ?1 AND token = ?2 AND job_id IS NULL",
                )?
                .execute(params![
                    reservation.slot.0,
                    reservation.token,
                    microseconds(now, lease),
                    microseconds(now, lease + LEFT_FOR),
                ])?;
            Ok(renewed == 1)
        };
        self.database.write(Durability::Kill, renew).await
    }

    pub(crate) async fn release_key(&self, reservation: &Reservation) -> Result<()> {
        let reservation = reservation.clone();
        let release = move |transaction: &Transaction<'_>| {
            transaction
                .prepare_cached("DELETE FROM idempotency WHERE slot = ?1 AND token = ?2 AND job_id IS NULL")?
                .execute(params![reservation.slot.0, reservation.token])?;
            Ok(())
        };
        self.database.write(Durability::Kill, release).await
    }
}

/// Answers a reserved key. `false`: the reservation is lost.
pub(super) fn answer(
    transaction: &Transaction<'_>,
    reservation: &Reservation,
    job_id: JobId,
    fingerprint: &str,
) -> Result<bool> {
    let answered = transaction
        .prepare_cached(
            "UPDATE idempotency SET job_id = ?3, fingerprint = ?4, expire_at = ?5 \
             WHERE slot = ?1 AND token = ?2 AND job_id IS NULL",
        )?
        .execute(params![
            reservation.slot.0,
            reservation.token,
            job_id.to_string(),
            fingerprint,
            microseconds(record_time(), KEPT_FOR),
        ])?;
    Ok(answered == 1)
}

fn clear(transaction: &Transaction<'_>, now: Timestamp) -> Result<()> {
    transaction
        .prepare_cached(
            "DELETE FROM idempotency WHERE slot IN \
             (SELECT slot FROM idempotency WHERE expire_at <= ?1 ORDER BY expire_at LIMIT ?2)",
        )?
        .execute(params![now.as_microsecond(), CLEARED_AT_ONCE])?;
    Ok(())
}

fn load(connection: &Connection, slot: &Slot) -> Result<Option<Held>> {
    type Columns = (String, i64, Option<String>, Option<String>, i64);
    let columns: Option<Columns> = connection
        .prepare_cached(
            "SELECT token, lease_until, job_id, fingerprint, expire_at FROM idempotency WHERE slot = ?1",
        )?
        .query_row([&slot.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .optional()?;
    let Some((token, lease_until, job_id, fingerprint, expire_at)) = columns else { return Ok(None) };
    let answered = match job_id {
        Some(id) => Some(Answered {
            job_id: id.parse().context("an idempotency key's job is none")?,
            fingerprint: fingerprint.unwrap_or_default(),
        }),
        None => None,
    };
    Ok(Some(Held {
        token,
        lease_until: Timestamp::from_microsecond(lease_until)?,
        answered,
        expire_at: Timestamp::from_microsecond(expire_at)?,
    }))
}

fn microseconds(now: Timestamp, later: Duration) -> i64 {
    now.checked_add(later).unwrap_or(Timestamp::MAX).as_microsecond()
}
