//! The queries over many records. They need the composite index (`status`, `updated_at`), both ascending.

use std::time::Duration;

use firestore::{FirestoreDocument, FirestoreQueryCursor, FirestoreTimestamp, FirestoreValue};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use headshot_core::{JobRecord, Status};
use jiff::Timestamp;
use serde::Deserialize;
use tracing::error;

use super::document;
use super::records::GcpRecords;
use crate::contract::jobs::{JobCounts, MOST_DOUBLINGS, record_time};
use crate::error::{Context, Result};

/// Documents are read in pages of so many, and no more pages than that: what is further back is found by a later sweep,
/// when the jobs before it have been seen to.
const PAGE: u32 = 200;
const MOST_PAGES: usize = 10;

#[derive(Deserialize)]
struct Counted {
    jobs: u64,
}

impl GcpRecords {
    /// The query finds what has not been written for long enough; leases and doubled waits, which an index cannot know
    /// of, are looked at here.
    pub(crate) fn unfinished(
        &self,
        untouched_for: Duration,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<JobRecord>>> {
        async move {
            let now = record_time();
            let Ok(before) = now.checked_sub(untouched_for) else { return Ok(Vec::new()) };
            let mut forgotten = Vec::new();
            let mut after = None;
            for _ in 0..MOST_PAGES {
                let documents = self.page(before, after).await?;
                for document in &documents {
                    match document::read(document) {
                        Ok(record) if is_forgotten(&record, untouched_for, now) => forgotten.push(record),
                        Ok(_) => {}
                        // One damaged record must not keep the sweep from all others.
                        Err(error) => error!(
                            document = document.name,
                            error = format!("{error:#}"),
                            "the sweep passes a damaged record over"
                        ),
                    }
                    if forgotten.len() >= limit {
                        return Ok(forgotten);
                    }
                }
                match documents.last().and_then(|last| last.fields.get("updated_at")) {
                    Some(updated_at) if documents.len() == PAGE as usize => {
                        after = Some(FirestoreValue::from(updated_at.clone()));
                    }
                    _ => break,
                }
            }
            Ok(forgotten)
        }
        .boxed()
    }

    pub(crate) fn counts(&self) -> BoxFuture<'_, Result<JobCounts>> {
        async move {
            let (queued, processing) =
                tokio::try_join!(self.count(Status::Queued), self.count(Status::Processing))?;
            Ok(JobCounts { queued, processing })
        }
        .boxed()
    }

    /// Unfinished jobs by the time of their last write, up to `before`.
    async fn page(&self, before: Timestamp, after: Option<FirestoreValue>) -> Result<Vec<FirestoreDocument>> {
        let unfinished = [Status::Queued.as_str(), Status::Processing.as_str()];
        let query = || async {
            let firestore = self.firestore.db().await?;
            let query = firestore.fluent().select().from(self.collection()).filter(|field| {
                field.for_all([
                    field.field("status").is_in(unfinished),
                    field.field("updated_at").less_than_or_equal(FirestoreTimestamp(before)),
                ])
            });
            let query = query.order(|field| field.fields([field.field("updated_at").asc()])).limit(PAGE);
            match &after {
                Some(after) => {
                    query.start_at(FirestoreQueryCursor::AfterValue(vec![after.clone()])).query().await
                }
                None => query.query().await,
            }
        };
        self.firestore.call(query).await.context("cannot look for forgotten jobs")
    }

    async fn count(&self, status: Status) -> Result<u64> {
        let query = || async {
            let firestore = self.firestore.db().await?;
            let query = firestore.fluent().select().from(self.collection());
            let query = query.filter(|field| field.for_all([field.field("status").eq(status.as_str())]));
            query.aggregate(|all| all.fields([all.field("jobs").count()])).obj::<Counted>().query().await
        };
        let counted = self.firestore.call(query).await;
        let counted = counted.with_context(|| format!("cannot count the {status} jobs"))?;
        Ok(counted.first().map_or(0, |counted| counted.jobs))
    }
}

/// Nobody has written the record, nor held it, for the wait that is due.
fn is_forgotten(record: &JobRecord, untouched_for: Duration, now: Timestamp) -> bool {
    let wait = untouched_for.saturating_mul(1 << record.republished.min(MOST_DOUBLINGS));
    let touched = record.lease.as_ref().map_or(record.updated_at, |lease| lease.until.max(record.updated_at));
    touched.checked_add(wait).is_ok_and(|due| due <= now)
}
