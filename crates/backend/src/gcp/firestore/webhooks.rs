//! Which webhooks are due, and which endpoints want none. The query needs no index but the one that Firestore makes of
//! every field by itself. Disabled endpoints are documents of a collection beside that of the records.

use firestore::errors::FirestoreError;
use firestore::{FirestoreTimestamp, firestore_document_from_serializable};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use headshot_core::{JobId, JobRecord, Tenant};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tracing::error;

use super::document;
use super::records::GcpRecords;
use crate::contract::jobs::DisabledEndpoint;
use crate::contract::jobs::record_time;
use crate::error::{Context, Result};

/// The field of the records that the query asks for.
const NEXT_AT: &str = "webhook.next_at";

#[derive(Clone, Serialize, Deserialize)]
struct EndpointDocument {
    tenant: Tenant,
    url: String,
    job_id: JobId,
    at: FirestoreTimestamp,
}

impl GcpRecords {
    pub(crate) fn due_webhooks(&self, limit: usize) -> BoxFuture<'_, Result<Vec<JobRecord>>> {
        async move {
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let now = FirestoreTimestamp(record_time());
            let query = || async {
                let firestore = self.firestore.db().await?;
                let query = firestore.fluent().select().from(self.collection());
                let query =
                    query.filter(|field| field.for_all([field.field(NEXT_AT).less_than_or_equal(now)]));
                let query = query.order(|field| field.fields([field.field(NEXT_AT).asc()]));
                query.limit(limit).query().await
            };
            let documents =
                self.firestore.call(query).await.context("cannot look for webhooks that are due")?;
            let mut records = Vec::new();
            for document in &documents {
                match document::read(document) {
                    Ok(record) => records.push(record),
                    // One damaged record must not keep back the webhooks of all others.
                    Err(error) => error!(
                        document = document.name,
                        error = format!("{error:#}"),
                        "the webhook of a damaged record is passed over"
                    ),
                }
            }
            Ok(records)
        }
        .boxed()
    }

    pub(crate) fn disable_endpoint<'a>(
        &'a self,
        endpoint: &'a DisabledEndpoint,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            let id = id(&endpoint.tenant, &endpoint.url);
            let value = EndpointDocument {
                tenant: endpoint.tenant.clone(),
                url: endpoint.url.clone(),
                job_id: endpoint.job_id,
                at: FirestoreTimestamp(endpoint.at),
            };
            let document = firestore_document_from_serializable("", &value)
                .context("cannot write a disabled endpoint as a document")?;
            let insert = || async {
                let firestore = self.firestore.db().await?;
                let insert = firestore.fluent().insert().into(self.endpoints());
                match insert.document_id(&id).document(document.clone()).execute().await {
                    // It may have been disabled before, by another job or by an earlier try of this call.
                    Ok(_) | Err(FirestoreError::DataConflictError(_)) => Ok(()),
                    Err(error) => Err(error),
                }
            };
            self.firestore.call(insert).await.context("cannot disable an endpoint")
        }
        .boxed()
    }

    pub(crate) fn enable_endpoint<'a>(
        &'a self,
        tenant: &'a Tenant,
        url: &'a str,
    ) -> BoxFuture<'a, Result<bool>> {
        async move {
            // Deleting does not tell whether there was anything to delete.
            if self.disabled_endpoint(tenant, url).await?.is_none() {
                return Ok(false);
            }
            let id = id(tenant, url);
            let delete = || async {
                let firestore = self.firestore.db().await?;
                firestore.fluent().delete().from(self.endpoints()).document_id(&id).execute().await
            };
            self.firestore.call(delete).await.context("cannot enable an endpoint")?;
            Ok(true)
        }
        .boxed()
    }

    pub(crate) fn disabled_endpoint<'a>(
        &'a self,
        tenant: &'a Tenant,
        url: &'a str,
    ) -> BoxFuture<'a, Result<Option<DisabledEndpoint>>> {
        async move {
            let id = id(tenant, url);
            let endpoints = self.endpoints();
            let found = self.firestore.call(|| self.firestore.fetch(&endpoints, id.clone())).await;
            let found = found.context("cannot look whether an endpoint is disabled")?;
            let Some(document) = found else { return Ok(None) };
            let read: EndpointDocument = firestore::FirestoreDb::deserialize_doc_to(&document)
                .context("the document of a disabled endpoint is damaged")?;
            let EndpointDocument { tenant, url, job_id, at } = read;
            Ok(Some(DisabledEndpoint { tenant, url, job_id, at: at.0 }))
        }
        .boxed()
    }

    fn endpoints(&self) -> String {
        format!("{}-disabled-endpoints", self.collection())
    }
}

/// URLs hold slashes and may be longer than a document's id.
fn id(tenant: &Tenant, url: &str) -> String {
    let digest = Sha256::digest(format!("{tenant} {url}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
