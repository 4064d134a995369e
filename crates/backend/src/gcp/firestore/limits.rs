//! The levels of limits as Firestore documents, written on the condition that nobody has written them since they were read.

use std::sync::Arc;
use std::time::Duration;

use firestore::errors::FirestoreError;
use firestore::{FirestoreDb, FirestoreTimestamp, firestore_document_from_serializable};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::client::{Firestore, unchanged};
use super::retry::{Patience, is_conflict, is_contended, is_passing};
use crate::contract::limits::{Allowance, Drawing, Drawn, Level};
use crate::error::{Context, Result};
use crate::jitter::jitter;
use crate::settings::GcpSettings;

/// What the collection is called, after that of the records.
const SUFFIX: &str = "-limits";

/// The wait after another instance was faster, about: at first, and in the end. Not long, as who waits long is overtaken
/// for ever.
const AGAIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(160));

#[derive(Clone)]
pub(crate) struct GcpLimits {
    shared: Arc<Shared>,
}

struct Shared {
    collection: String,
    /// Which writes are this process's own.
    writer: i64,
    firestore: Firestore,
}

#[derive(Serialize, Deserialize)]
struct Document {
    /// In millionths of a token.
    missing: u64,
    at: FirestoreTimestamp,
    /// The process that wrote it, a random number. 0 in documents that were written before there was one.
    #[serde(default)]
    writer: i64,
    /// For the collection's TTL policy.
    expire_at: FirestoreTimestamp,
}

impl GcpLimits {
    pub(crate) fn new(settings: &GcpSettings) -> Self {
        let collection = format!("{}{SUFFIX}", settings.firestore_collection);
        let writer = getrandom::u64().unwrap_or_default().cast_signed();
        Self { shared: Arc::new(Shared { collection, writer, firestore: Firestore::new(settings) }) }
    }

    /// Draws from a bucket. `None`: other instances were faster until the time was over. An error: Firestore
    /// did not answer within it.
    pub(crate) fn draw<'a>(
        &'a self,
        allowance: &'a Allowance,
        mut drawing: Drawing,
        within: Duration,
    ) -> BoxFuture<'a, Result<Option<Drawn>>> {
        async move {
            let patience = Patience::of(within);
            let until = Instant::now() + within;
            let (mut wait, mut answered) = (AGAIN.0, false);
            loop {
                let error = match patience.limit(self.try_draw(allowance, drawing)).await {
                    Ok(drawn) => return Ok(Some(drawn)),
                    Err(error) => error,
                };
                // Another instance was faster, or wrote the first document, or Firestore wants fewer writes of this one.
                let overtaken = is_conflict(&error)
                    || is_contended(&error)
                    || matches!(error, FirestoreError::DataConflictError(_));
                answered |= overtaken;
                self.shared.firestore.failed(&error);
                if !overtaken {
                    // It may have been written all the same, and must not be given back twice.
                    drawing.returned = 0;
                }
                let spread = wait.mul_f64(0.5 + jitter());
                let is_over = Instant::now() + spread >= until;
                if is_over && answered {
                    return Ok(None);
                }
                if is_over || !(overtaken || is_passing(&error)) {
                    return Err(error).with_context(|| format!("cannot count in {}", self.shared.collection));
                }
                sleep(spread).await;
                wait = (wait * 2).min(AGAIN.1);
            }
        }
        .boxed()
    }

    async fn try_draw(&self, allowance: &Allowance, drawing: Drawing) -> Result<Drawn, FirestoreError> {
        let firestore = self.shared.firestore.db().await?;
        let collection = self.shared.collection.as_str();
        let found = self.shared.firestore.fetch(collection, allowance.bucket.clone()).await?;
        let before = found.as_ref().map(FirestoreDb::deserialize_doc_to::<Document>).transpose()?;
        let now = Timestamp::now();
        let level = before.as_ref().map(|before| Level { missing: before.missing, at: before.at.0 });
        let (level, mut drawn) = Level::draw(level, allowance, drawing, now);
        drawn.others_wrote = before
            .filter(|before| before.writer != self.shared.writer)
            .map(|before| Duration::try_from(now.duration_since(before.at.0)).unwrap_or_default());
        // Nothing moves, so nothing is written: the refill is reckoned from the last write on.
        if drawn.granted == 0 && drawing.returned == 0 {
            return Ok(drawn);
        }
        let document = Document {
            missing: level.missing,
            at: FirestoreTimestamp(level.at),
            writer: self.shared.writer,
            expire_at: FirestoreTimestamp(level.expires(allowance)),
        };
        match found {
            Some(read) => {
                let document = firestore_document_from_serializable(&read.name, &document)?;
                let update = firestore.fluent().update().in_col(collection);
                update.precondition(unchanged(&read)?).document(document).execute().await?;
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
