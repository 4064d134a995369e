//! Which webhooks are due, and which endpoints want none. The query needs no index but the one that Firestore makes of
//! every field by itself. Disabled endpoints are documents of a collection beside that of the records.

use firestore::errors::FirestoreError;
use firestore::{FirestoreTimestamp, firestore_document_from_serializable};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use headshot_core::{JobId, JobRecord, Tenant};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tracing::error;

use super::document;
use super::records::GcpRecords;
use super::retry::Patience;
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
            let mut patience = Patience::new();
            let documents = loop {
                let query = async {
                    let firestore = self.firestore().await?;
                    let query = firestore.fluent().select().from(self.collection());
                    let query =
                        query.filter(|field| field.for_all([field.field(NEXT_AT).less_than_or_equal(now)]));
                    let query = query.order(|field| field.fields([field.field(NEXT_AT).asc()]));
                    query.limit(limit).query().await
                };
                let error: FirestoreError = match patience.limit(query).await {
                    Ok(documents) => break documents,
                    Err(error) => error,
                };
                self.again(&mut patience, error).await.context("cannot look for webhooks that are due")?;
            };
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
            let mut patience = Patience::new();
            loop {
                let insert = async {
                    let firestore = self.firestore().await?;
                    let insert = firestore.fluent().insert().into(self.endpoints());
                    insert.document_id(&id).document(document.clone()).execute().await
                };
                let error = match patience.limit(insert).await {
                    // It may have been disabled before, by another job or by an earlier try of this call.
                    Ok(_) | Err(FirestoreError::DataConflictError(_)) => return Ok(()),
                    Err(error) => error,
                };
                self.again(&mut patience, error).await.context("cannot disable an endpoint")?;
            }
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
            let mut patience = Patience::new();
            loop {
                let delete = async {
                    let firestore = self.firestore().await?;
                    firestore.fluent().delete().from(self.endpoints()).document_id(&id).execute().await
                };
                let error = match patience.limit(delete).await {
                    Ok(()) => return Ok(true),
                    Err(error) => error,
                };
                self.again(&mut patience, error).await.context("cannot enable an endpoint")?;
            }
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
            let mut patience = Patience::new();
            let document = loop {
                let get = async {
                    let firestore = self.firestore().await?;
                    let endpoints = self.endpoints();
                    let select = firestore.fluent().select().by_id_in(&endpoints);
                    let mut found = select.batch_with_errors([id.clone()]).await?;
                    match found.next().await {
                        Some(answer) => Ok(answer?.1),
                        None => Ok(None),
                    }
                };
                let error: FirestoreError = match patience.limit(get).await {
                    Ok(document) => break document,
                    Err(error) => error,
                };
                self.again(&mut patience, error)
                    .await
                    .context("cannot look whether an endpoint is disabled")?;
            };
            let Some(document) = document else { return Ok(None) };
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
