//! Announced photos as documents of a collection beside the records', named by the job to be. The TTL policy deletes them
//! some time after `expire_at`.

use firestore::errors::FirestoreError;
use firestore::{FirestoreDb, FirestoreTimestamp};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use headshot_core::{JobId, Tenant};
use serde::{Deserialize, Serialize};

use super::records::GcpRecords;
use crate::contract::uploads::PendingUpload;
use crate::error::{Context, Result};

#[derive(Serialize, Deserialize)]
struct UploadDocument {
    tenant: Tenant,
    content_type: String,
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file_name: Option<String>,
    expire_at: FirestoreTimestamp,
}

impl GcpRecords {
    pub(crate) fn create_upload<'a>(&'a self, upload: &'a PendingUpload) -> BoxFuture<'a, Result<()>> {
        async move {
            let document = UploadDocument {
                tenant: upload.tenant.clone(),
                content_type: upload.content_type.clone(),
                bytes: upload.bytes,
                file_name: upload.file_name.clone(),
                expire_at: FirestoreTimestamp(upload.expire_at),
            };
            // The id is new, so that to write it twice, because an answer was lost, does no harm.
            let write = || async {
                let firestore = self.firestore.db().await?;
                let update = firestore.fluent().update().in_col(self.uploads());
                let update = update.document_id(upload.id.to_string()).object(&document);
                update.execute::<UploadDocument>().await
            };
            self.firestore.call(write).await.context("cannot remember an upload")?;
            Ok(())
        }
        .boxed()
    }

    pub(crate) fn get_upload(&self, id: JobId) -> BoxFuture<'_, Result<Option<PendingUpload>>> {
        async move {
            let collection = self.uploads();
            let found = self.firestore.call(|| self.firestore.fetch(&collection, id.to_string())).await;
            let Some(document) = found.context("cannot read an upload")? else { return Ok(None) };
            let document: UploadDocument = FirestoreDb::deserialize_doc_to(&document)
                .with_context(|| format!("the document {collection}/{id} is damaged"))?;
            Ok(Some(PendingUpload {
                id,
                tenant: document.tenant,
                content_type: document.content_type,
                bytes: document.bytes,
                file_name: document.file_name,
                expire_at: document.expire_at.0,
            }))
        }
        .boxed()
    }

    pub(crate) fn forget_upload(&self, id: JobId) -> BoxFuture<'_, Result<()>> {
        async move {
            let delete = || async {
                let firestore = self.firestore.db().await?;
                let delete = firestore.fluent().delete().from(self.uploads());
                match delete.document_id(id.to_string()).execute().await {
                    Err(FirestoreError::DataNotFoundError(_)) => Ok(()),
                    deleted => deleted,
                }
            };
            self.firestore.call(delete).await.context("cannot forget an upload")
        }
        .boxed()
    }

    /// The collection of announced photos.
    fn uploads(&self) -> String {
        format!("{}-uploads", self.collection())
    }
}
