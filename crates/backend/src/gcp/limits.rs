//! The levels of limits as Firestore documents, written on the condition that nobody has written them since they were read.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use firestore::errors::FirestoreError;
use firestore::timestamp_utils::from_timestamp;
use firestore::{
    FirestoreDb, FirestoreDocument, FirestoreTimestamp, FirestoreWritePrecondition,
    firestore_document_from_serializable,
};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::jobs;
use super::jobs::calls::{Patience, is_conflict, is_unanswered};
use super::renewable::Renewable;
use super::spread;
use crate::GcpSettings;
use crate::limits::{Allowance, Drawing, Drawn, Level};

/// What the collection is called, after that of the records.
const SUFFIX: &str = "-limits";

/// The wait after another instance was faster, about.
const AGAIN: Duration = Duration::from_millis(10);

#[derive(Clone)]
pub(crate) struct GcpLimits {
    shared: Arc<Shared>,
}

struct Shared {
    collection: String,
    firestore: Renewable<FirestoreDb, FirestoreError>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    /// In millionths of a token.
    missing: u64,
    at: FirestoreTimestamp,
    /// For the collection's TTL policy.
    expire_at: FirestoreTimestamp,
}

impl GcpLimits {
    pub(super) fn new(settings: &GcpSettings) -> Self {
        let collection = format!("{}{SUFFIX}", settings.firestore_collection);
        Self { shared: Arc::new(Shared { collection, firestore: jobs::client(settings) }) }
    }

    pub(crate) fn draw<'a>(
        &'a self,
        allowance: &'a Allowance,
        drawing: Drawing,
    ) -> BoxFuture<'a, Result<Drawn>> {
        async move {
            let patience = Patience::new();
            loop {
                let error = match patience.limit(self.try_draw(allowance, drawing)).await {
                    Ok(drawn) => return Ok(drawn),
                    Err(error) => error,
                };
                if is_unanswered(&error) {
                    self.shared.firestore.unanswered();
                }
                // Another instance was faster, or wrote the first document. Whatever else it is, whoever calls does without.
                let overtaken = is_conflict(&error) || matches!(error, FirestoreError::DataConflictError(_));
                if !overtaken {
                    return Err(error).with_context(|| format!("cannot count in {}", self.shared.collection));
                }
                // Soon, as who waits long is overtaken for ever. How often is the caller's to bound, by time.
                sleep(AGAIN.mul_f64(0.5 + spread())).await;
            }
        }
        .boxed()
    }

    async fn try_draw(&self, allowance: &Allowance, drawing: Drawing) -> Result<Drawn, FirestoreError> {
        let firestore = self.shared.firestore.get().await?;
        let collection = self.shared.collection.as_str();
        let select = firestore.fluent().select().by_id_in(collection);
        let mut answers = select.batch_with_errors([allowance.bucket.clone()]).await?;
        let found = match answers.next().await {
            Some(answer) => answer?.1,
            None => None,
        };
        let level = found.as_ref().map(level).transpose()?;
        let (level, drawn) = Level::draw(level, allowance, drawing, Timestamp::now());
        let document = Document {
            missing: level.missing,
            at: FirestoreTimestamp(level.at),
            expire_at: FirestoreTimestamp(level.expires(allowance)),
        };
        match found {
            Some(read) => {
                let condition = match read.update_time {
                    Some(at) => FirestoreWritePrecondition::UpdateTime(from_timestamp(at)?),
                    None => FirestoreWritePrecondition::Exists(true),
                };
                let document = firestore_document_from_serializable(&read.name, &document)?;
                let update = firestore.fluent().update().in_col(collection);
                update.precondition(condition).document(document).execute().await?;
            }
            None => {
                let document = firestore_document_from_serializable("", &document)?;
                let insert = firestore.fluent().insert().into(collection);
                insert.document_id(&allowance.bucket).document(document).execute().await?;
            }
        }
        Ok(drawn)
    }
}

fn level(document: &FirestoreDocument) -> Result<Level, FirestoreError> {
    let document: Document = FirestoreDb::deserialize_doc_to(document)?;
    Ok(Level { missing: document.missing, at: document.at.0 })
}
