//! Job records as Firestore documents, one per job. A change reads the document and writes it back on the condition that
//! nobody has written it in between, which costs one round trip less than a transaction and holds no lock.

use std::sync::Arc;
use std::time::Duration;

use firestore::FirestoreDocument;
use firestore::errors::FirestoreError;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use headshot_core::{JobId, JobRecord};
use jiff::Timestamp;

use super::client::{Firestore, unchanged};
use super::document;
use super::retry::{Patience, is_conflict};
use crate::contract::jobs::{self, Change, Claim, Company, record_time};
use crate::error::{BackendError, Context, Result, bail};
use crate::settings::GcpSettings;

#[derive(Clone)]
pub(crate) struct GcpRecords {
    collection: Arc<str>,
    pub(super) firestore: Arc<Firestore>,
}

/// What is to happen to a record: its answer, and what to write for it, if anything.
struct Decision<T> {
    write: Option<JobRecord>,
    answer: T,
}

impl GcpRecords {
    pub(crate) fn new(settings: &GcpSettings) -> Self {
        Self {
            collection: settings.firestore_collection.as_str().into(),
            firestore: Arc::new(Firestore::new(settings)),
        }
    }

    /// A query rather than a read of one document, since only a query tells a missing database from a missing document.
    pub(crate) async fn check(&self) -> Result<()> {
        let query = async {
            let firestore = self.firestore.db().await?;
            firestore.fluent().select().from(self.collection()).limit(1).query().await
        };
        let found = query.await.inspect_err(|error| self.firestore.failed(error));
        found.with_context(|| format!("cannot read the collection {}", self.collection()))?;
        Ok(())
    }

    pub(crate) fn create<'a>(&'a self, record: &'a JobRecord) -> BoxFuture<'a, Result<()>> {
        async move {
            let name = self.name(record.job_id);
            let document = document::write("", record).with_context(|| format!("cannot write {name}"))?;
            let mut patience = Patience::new();
            let mut unanswered = false;
            loop {
                let insert = async {
                    let firestore = self.firestore.db().await?;
                    let insert = firestore.fluent().insert().into(self.collection());
                    insert.document_id(record.job_id.to_string()).document(document.clone()).execute().await
                };
                let error = match patience.limit(insert).await {
                    Ok(_) => return Ok(()),
                    Err(FirestoreError::DataConflictError(_)) => {
                        // An earlier try of this call may have arrived although its answer did not.
                        if unanswered && self.get(record.job_id).await?.as_ref() == Some(record) {
                            return Ok(());
                        }
                        bail!(Conflict, "job {} exists already", record.job_id);
                    }
                    Err(error) => error,
                };
                unanswered = true;
                self.firestore
                    .again(&mut patience, error)
                    .await
                    .with_context(|| format!("cannot create {name}"))?;
            }
        }
        .boxed()
    }

    pub(crate) fn get(&self, id: JobId) -> BoxFuture<'_, Result<Option<JobRecord>>> {
        async move {
            let found = self.firestore.call(|| self.fetch(id)).await;
            let found = found.with_context(|| format!("cannot read {}", self.name(id)))?;
            found.map(|document| self.parse(id, &document)).transpose()
        }
        .boxed()
    }

    pub(crate) fn claim<'a>(
        &'a self,
        id: JobId,
        worker: &'a str,
        lease: Duration,
        company: Company,
    ) -> BoxFuture<'a, Result<Claim>> {
        async move {
            let claim = |record: JobRecord, now| {
                let claim = jobs::claim(record, worker, lease, company, now);
                let write = match &claim {
                    Claim::Claimed(claimed) => Some(claimed.record().clone()),
                    _ => None,
                };
                Decision { write, answer: claim }
            };
            Ok(self.decide(id, claim).await?.unwrap_or(Claim::Missing))
        }
        .boxed()
    }

    pub(crate) fn change(&self, id: JobId, change: Box<dyn Change>) -> BoxFuture<'_, Result<bool>> {
        async move {
            let change = |record, now| {
                let write = change(record, now);
                Decision { answer: write.is_some(), write }
            };
            Ok(self.decide(id, change).await?.unwrap_or(false))
        }
        .boxed()
    }

    /// Asks what is to happen to the record and writes that, again if somebody else was faster. `None`: there is no such
    /// record.
    async fn decide<T>(
        &self,
        id: JobId,
        decision: impl Fn(JobRecord, Timestamp) -> Decision<T>,
    ) -> Result<Option<T>> {
        let mut patience = Patience::new();
        let mut unanswered: Vec<Decision<T>> = Vec::new();
        loop {
            let error = match patience.limit(self.fetch(id)).await {
                Ok(None) => return Ok(None),
                Ok(Some(document)) => {
                    let record = self.parse(id, &document)?;
                    // A write whose answer was lost has happened after all; to decide again would take it for somebody
                    // else's.
                    let ours = |decision: &Decision<T>| decision.write.as_ref() == Some(&record);
                    if let Some(ours) = unanswered.iter().position(ours) {
                        return Ok(Some(unanswered.swap_remove(ours).answer));
                    }
                    let decision = decision(record, record_time());
                    let Some(changed) = &decision.write else { return Ok(Some(decision.answer)) };
                    match patience.limit(self.replace(&document, changed)).await {
                        Ok(()) => return Ok(Some(decision.answer)),
                        // It was deleted meanwhile.
                        Err(FirestoreError::DataNotFoundError(_)) => return Ok(None),
                        Err(conflict) if is_conflict(&conflict) => conflict,
                        Err(error) => {
                            unanswered.push(decision);
                            error
                        }
                    }
                }
                Err(error) => error,
            };
            self.firestore
                .again(&mut patience, error)
                .await
                .with_context(|| format!("cannot change {}", self.name(id)))?;
        }
    }

    async fn fetch(&self, id: JobId) -> Result<Option<FirestoreDocument>, FirestoreError> {
        self.firestore.fetch(self.collection(), id.to_string()).await
    }

    async fn replace(&self, read: &FirestoreDocument, changed: &JobRecord) -> Result<(), FirestoreError> {
        let document = document::write(&read.name, changed)?;
        let firestore = self.firestore.db().await?;
        let update = firestore.fluent().update().in_col(self.collection());
        update.precondition(unchanged(read)?).document(document).execute().await?;
        Ok(())
    }

    fn parse(&self, id: JobId, document: &FirestoreDocument) -> Result<JobRecord> {
        let record =
            document::read(document).with_context(|| format!("the document {} is damaged", self.name(id)))?;
        if record.job_id != id {
            return Err(BackendError::Damaged(format!("it says that it is job {}", record.job_id).into()))
                .with_context(|| format!("the document {} is damaged", self.name(id)));
        }
        Ok(record)
    }

    pub(super) fn collection(&self) -> &str {
        &self.collection
    }

    /// What the document is called in messages.
    pub(super) fn name(&self, id: JobId) -> String {
        format!("{}/{id}", self.collection())
    }
}
