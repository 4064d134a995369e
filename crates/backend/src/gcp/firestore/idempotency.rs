//! Idempotency keys as documents of a collection beside the records', named by their hash. The TTL policy deletes them
//! some time after `expire_at`, within a day as a rule; until then an expired one counts as none.

use std::sync::Arc;
use std::time::Duration;

use firestore::errors::FirestoreError;
use firestore::{
    FirestoreDb, FirestoreDocument, FirestoreTimestamp, FirestoreTransaction, FirestoreTransactionData,
    FirestoreTransactionOps, FirestoreWritePrecondition,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use headshot_core::{JobId, JobRecord};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::Span;

use super::client::unchanged;
use super::document;
use super::records::GcpRecords;
use super::retry::Patience;
use crate::contract::idempotency::{Answered, Begun, Held, KEPT_FOR, LEFT_FOR, Reservation, Slot};
use crate::contract::jobs::record_time;
use crate::error::{Context, Result, bail};

#[derive(Clone, Serialize, Deserialize)]
struct KeyDocument {
    token: String,
    lease_until: FirestoreTimestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    expire_at: FirestoreTimestamp,
}

/// A document, and the condition that it is still as it was read.
struct Read {
    held: Held,
    unchanged: FirestoreWritePrecondition,
}

impl GcpRecords {
    pub(crate) fn begin_key(
        &self,
        reservation: Reservation,
        lease: Duration,
    ) -> BoxFuture<'_, Result<Begun>> {
        async move {
            let mut patience = Patience::new();
            loop {
                let attempt = async {
                    let now = record_time();
                    let read = self.fetch_key(&reservation.slot).await?;
                    if let Some(Read { held, .. }) = &read {
                        // A write whose answer was lost has happened after all.
                        if held.token == reservation.token && held.answered.is_none() {
                            return Ok(Begun::Reserved(reservation.clone()));
                        }
                        if let Some(begun) = held.for_newcomer(now) {
                            return Ok(begun);
                        }
                    }
                    let condition =
                        read.map_or(FirestoreWritePrecondition::Exists(false), |read| read.unchanged);
                    let reserved = KeyDocument::reserved(&reservation, now, lease);
                    let mut writes = self.writes().await?;
                    writes.put_key(self, &reservation.slot, &reserved, condition)?;
                    writes.commit().await?;
                    Ok(Begun::Reserved(reservation.clone()))
                };
                let error = match patience.limit(attempt).await {
                    Ok(begun) => return Ok(begun),
                    Err(error) => error,
                };
                self.again_key(&mut patience, error).await.context("cannot reserve an idempotency key")?;
            }
        }
        .boxed()
    }

    pub(crate) fn held_key(&self, slot: Slot) -> BoxFuture<'_, Result<Option<Held>>> {
        async move {
            let read = self.firestore.call(|| self.fetch_key(&slot)).await;
            Ok(read.context("cannot read an idempotency key")?.map(|read| read.held))
        }
        .boxed()
    }

    pub(crate) fn renew_key<'a>(
        &'a self,
        reservation: &'a Reservation,
        lease: Duration,
    ) -> BoxFuture<'a, Result<bool>> {
        async move {
            let mut patience = Patience::new();
            loop {
                let attempt = async {
                    let Some(read) = self.fetch_own_key(reservation).await? else { return Ok(false) };
                    let renewed = KeyDocument::reserved(reservation, record_time(), lease);
                    let mut writes = self.writes().await?;
                    writes.put_key(self, &reservation.slot, &renewed, read.unchanged)?;
                    writes.commit().await?;
                    Ok(true)
                };
                let error = match patience.limit(attempt).await {
                    Ok(renewed) => return Ok(renewed),
                    Err(error) => error,
                };
                self.again_key(&mut patience, error).await.context("cannot renew an idempotency key")?;
            }
        }
        .boxed()
    }

    pub(crate) fn release_key<'a>(&'a self, reservation: &'a Reservation) -> BoxFuture<'a, Result<()>> {
        async move {
            let mut patience = Patience::new();
            loop {
                let attempt = async {
                    let Some(read) = self.fetch_own_key(reservation).await? else { return Ok(()) };
                    let mut writes = self.writes().await?;
                    let id = &reservation.slot.0;
                    writes.data.delete_by_id(&self.keys(), id, Some(read.unchanged))?;
                    writes.commit().await
                };
                let error = match patience.limit(attempt).await {
                    Ok(()) => return Ok(()),
                    Err(error) => error,
                };
                self.again_key(&mut patience, error).await.context("cannot release an idempotency key")?;
            }
        }
        .boxed()
    }

    /// Both documents in one commit: the record, if there is none of that id, and the answer, if the reservation has not
    /// been written since it was read.
    pub(crate) fn create_reserved<'a>(
        &'a self,
        record: &'a JobRecord,
        reservation: &'a Reservation,
        fingerprint: &'a str,
    ) -> BoxFuture<'a, Result<bool>> {
        async move {
            let job_id = record.job_id;
            let answered = Answered { job_id, fingerprint: fingerprint.to_owned() };
            let mut patience = Patience::new();
            loop {
                let attempt = async {
                    let read = match self.fetch_key(&reservation.slot).await? {
                        Some(read) if read.held.token == reservation.token => read,
                        _ => return Ok(Some(false)),
                    };
                    match &read.held.answered {
                        None => {}
                        // An earlier try has happened although its answer was lost.
                        Some(ours) if *ours == answered => return Ok(Some(true)),
                        Some(_) => return Ok(Some(false)),
                    }
                    let document = KeyDocument::answered(reservation, &answered, record_time());
                    let mut writes = self.writes().await?;
                    writes.data.update_object(
                        self.collection(),
                        job_id.to_string(),
                        &document::body(record),
                        None,
                        Some(FirestoreWritePrecondition::Exists(false)),
                        vec![],
                    )?;
                    writes.put_key(self, &reservation.slot, &document, read.unchanged)?;
                    match writes.commit().await {
                        Ok(()) => Ok(Some(true)),
                        Err(FirestoreError::DataConflictError(_)) => Ok(None),
                        Err(error) => Err(error),
                    }
                };
                let error = match patience.limit(attempt).await {
                    Ok(Some(created)) => return Ok(created),
                    Ok(None) => bail!(Conflict, "job {job_id} exists already"),
                    Err(error) => error,
                };
                self.again_key(&mut patience, error)
                    .await
                    .with_context(|| format!("cannot create {}", self.name(job_id)))?;
            }
        }
        .boxed()
    }

    async fn fetch_own_key(&self, reservation: &Reservation) -> Result<Option<Read>, FirestoreError> {
        let read = self.fetch_key(&reservation.slot).await?;
        Ok(read.filter(|read| read.held.token == reservation.token && read.held.answered.is_none()))
    }

    async fn fetch_key(&self, slot: &Slot) -> Result<Option<Read>, FirestoreError> {
        let found = self.firestore.fetch(&self.keys(), slot.0.clone()).await?;
        found.map(|document| read(&document)).transpose()
    }

    /// Beside the conflicts of one document there are those of several: a document that must not be there, or must.
    async fn again_key(&self, patience: &mut Patience, error: FirestoreError) -> Result<(), FirestoreError> {
        let raced =
            matches!(error, FirestoreError::DataConflictError(_) | FirestoreError::DataNotFoundError(_));
        if raced {
            return patience.after_conflict(error).await;
        }
        self.firestore.again(patience, error).await
    }

    /// Several writes that happen together or not at all. There is no transaction around them: what they depend on, they
    /// name as preconditions, which saves the request that begins one.
    async fn writes(&self) -> Result<Writes, FirestoreError> {
        let firestore = self.firestore.db().await?;
        let path = firestore.get_documents_path().clone();
        let data = FirestoreTransactionData::new(Vec::new(), path, Span::none(), Vec::new());
        Ok(Writes { firestore, data })
    }

    /// The collection of idempotency keys.
    fn keys(&self) -> String {
        format!("{}-idempotency", self.collection())
    }
}

struct Writes {
    firestore: Arc<FirestoreDb>,
    data: FirestoreTransactionData,
}

impl Writes {
    fn put_key(
        &mut self,
        records: &GcpRecords,
        slot: &Slot,
        document: &KeyDocument,
        condition: FirestoreWritePrecondition,
    ) -> Result<(), FirestoreError> {
        self.data.update_object(&records.keys(), &slot.0, document, None, Some(condition), vec![])?;
        Ok(())
    }

    async fn commit(self) -> Result<(), FirestoreError> {
        FirestoreTransaction::from_data(&self.firestore, self.data).commit().await.map(|_| ())
    }
}

fn read(document: &FirestoreDocument) -> Result<Read, FirestoreError> {
    let key: KeyDocument = FirestoreDb::deserialize_doc_to(document)?;
    let answered =
        key.job_id.map(|job_id| Answered { job_id, fingerprint: key.fingerprint.unwrap_or_default() });
    let held =
        Held { token: key.token, lease_until: key.lease_until.0, answered, expire_at: key.expire_at.0 };
    Ok(Read { held, unchanged: unchanged(document)? })
}

impl KeyDocument {
    fn reserved(reservation: &Reservation, now: Timestamp, lease: Duration) -> Self {
        Self {
            token: reservation.token.clone(),
            lease_until: later(now, lease),
            job_id: None,
            fingerprint: None,
            expire_at: later(now, lease + LEFT_FOR),
        }
    }

    fn answered(reservation: &Reservation, answered: &Answered, now: Timestamp) -> Self {
        Self {
            token: reservation.token.clone(),
            lease_until: FirestoreTimestamp(now),
            job_id: Some(answered.job_id),
            fingerprint: Some(answered.fingerprint.clone()),
            expire_at: later(now, KEPT_FOR),
        }
    }
}

fn later(now: Timestamp, duration: Duration) -> FirestoreTimestamp {
    FirestoreTimestamp(now.checked_add(duration).unwrap_or(Timestamp::MAX))
}
