//! Questions about many records, and the erasing of one. Each combination of what support may ask for needs a composite
//! index, which Terraform makes.

use firestore::errors::FirestoreError;
use firestore::{FirestoreDocument, FirestoreTimestamp};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use headshot_core::{JobId, JobRecord, Tenant};
use serde::{Deserialize, Serialize};

use super::document;
use super::records::GcpRecords;
use crate::contract::jobs::{AuditEntry, Erased, JobSearch, record_time};
use crate::error::{Context, Result};

/// More re-renders of one photo than anybody makes.
const MOST_OF_ONE_PHOTO: u32 = 1000;
/// Of several jobs that rendered the same, any will do.
const A_FEW: u32 = 5;

#[derive(Serialize, Deserialize)]
struct AuditDocument {
    at: FirestoreTimestamp,
    tenant: Tenant,
    actor: String,
    action: String,
    job_id: JobId,
}

impl GcpRecords {
    fn audit_collection(&self) -> String {
        format!("{}-audit", self.collection())
    }

    pub(crate) fn search<'a>(&'a self, search: &'a JobSearch) -> BoxFuture<'a, Result<Vec<JobRecord>>> {
        async move {
            let found = self.query("cannot search the jobs", || async {
                let firestore = self.firestore.db().await?;
                let query = firestore.fluent().select().from(self.collection()).filter(|field| {
                    field.for_all([
                        field.field("tenant").eq(search.tenant.as_str()),
                        search.status.and_then(|status| field.field("status").eq(status.as_str())),
                        search.order_id.as_ref().and_then(|order_id| field.field("order_id").eq(order_id)),
                        search.since.and_then(|since| {
                            field.field("created_at").greater_than_or_equal(FirestoreTimestamp(since))
                        }),
                        search.before.and_then(|before| {
                            field.field("created_at").less_than(FirestoreTimestamp(before))
                        }),
                    ])
                });
                let newest_first = query.order(|field| field.fields([field.field("created_at").desc()]));
                newest_first.limit(search.limit).query().await
            });
            found.await
        }
        .boxed()
    }

    pub(crate) fn made_from(&self, id: JobId) -> BoxFuture<'_, Result<Vec<JobRecord>>> {
        self.equal("photo_of", id.to_string(), MOST_OF_ONE_PHOTO).boxed()
    }

    pub(crate) fn rendered<'a>(&'a self, render_key: &'a str) -> BoxFuture<'a, Result<Option<JobRecord>>> {
        async move {
            let found = self.equal("render_key", render_key.to_owned(), A_FEW).await?;
            Ok(found.into_iter().max_by_key(|record| record.created_at))
        }
        .boxed()
    }

    pub(crate) fn erase<'a>(&'a self, id: JobId, entry: &'a AuditEntry) -> BoxFuture<'a, Result<Erased>> {
        async move {
            match self.get(id).await? {
                None => return Ok(Erased::Missing),
                Some(record) if !record.status.is_terminal() => return Ok(Erased::UnderWay),
                Some(_) => {}
            }
            // A job that has ended stays ended, so nobody can come in between.
            self.audit(entry).await?;
            let delete = || async {
                let firestore = self.firestore.db().await?;
                let delete = firestore.fluent().delete().from(self.collection());
                delete.document_id(id.to_string()).execute().await
            };
            let deleted = self.firestore.call(delete).await;
            deleted.with_context(|| format!("cannot delete {}", self.name(id)))?;
            Ok(Erased::Gone)
        }
        .boxed()
    }

    pub(crate) fn was_done(&self, id: JobId, action: &'static str) -> BoxFuture<'_, Result<bool>> {
        async move {
            let (collection, entry) = (self.audit_collection(), format!("{id}-{action}"));
            let found = self.firestore.call(|| self.firestore.fetch(&collection, entry.clone())).await;
            Ok(found.with_context(|| format!("cannot read {entry} of {collection}"))?.is_some())
        }
        .boxed()
    }

    /// A second entry of the same action on the same job takes the first one's place: it is the same deed, tried again.
    pub(crate) fn audit<'a>(&'a self, entry: &'a AuditEntry) -> BoxFuture<'a, Result<()>> {
        async move {
            let AuditEntry { tenant, actor, action, job_id } = entry;
            let document = AuditDocument {
                at: FirestoreTimestamp(record_time()),
                tenant: tenant.clone(),
                actor: actor.clone(),
                action: (*action).into(),
                job_id: *job_id,
            };
            let collection = self.audit_collection();
            let write = || async {
                let firestore = self.firestore.db().await?;
                let update = firestore.fluent().update().in_col(&collection);
                let update = update.document_id(format!("{job_id}-{action}")).object(&document);
                update.execute::<AuditDocument>().await
            };
            let written = self.firestore.call(write).await;
            written.with_context(|| format!("cannot write to {collection}"))?;
            Ok(())
        }
        .boxed()
    }

    async fn equal(&self, field: &'static str, value: String, limit: u32) -> Result<Vec<JobRecord>> {
        let found = self.query("cannot look for jobs", || async {
            let firestore = self.firestore.db().await?;
            let query = firestore.fluent().select().from(self.collection());
            let query = query.filter(|of| of.for_all([of.field(field).eq(&value)]));
            query.limit(limit).query().await
        });
        found.await
    }

    async fn query<F>(&self, what: &'static str, query: impl Fn() -> F) -> Result<Vec<JobRecord>>
    where
        F: Future<Output = Result<Vec<FirestoreDocument>, FirestoreError>>,
    {
        let found = self.firestore.call(query).await.context(what)?;
        let read = |found: &FirestoreDocument| {
            document::read(found).with_context(|| format!("{} is damaged", found.name))
        };
        found.iter().map(read).collect()
    }
}
