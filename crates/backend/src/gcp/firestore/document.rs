//! A record as a Firestore document, in Firestore's own types, so that the console shows dates as dates, queries can
//! compare them and the TTL policy finds `expire_at`. Fields that have no value yet are left out.

mod webhook;

use firestore::errors::FirestoreError;
use firestore::{FirestoreDocument, FirestoreTimestamp, firestore_document_from_serializable};
use headshot_core::{
    Approval, ArtefactInfo, Caching, Failure, Head, HeadSource, JobId, JobRecord, Lease, ModelInfo, Quality,
    Stage, Status, Tenant, Upload, Webhook,
};
use serde::{Deserialize, Serialize};
use webhook::WebhookMap;

use crate::error::{Context, Result};

/// The document `name`, or a nameless one that is yet to be created.
pub(super) fn write(name: &str, record: &JobRecord) -> Result<FirestoreDocument, FirestoreError> {
    firestore_document_from_serializable(name, &Document::from(record))
}

/// The same for a commit of several writes, which serialises by itself.
pub(super) fn body(record: &JobRecord) -> impl Serialize + Send + Sync + use<> {
    Document::from(record)
}

pub(super) fn read(document: &FirestoreDocument) -> Result<JobRecord> {
    let document: Document =
        firestore::FirestoreDb::deserialize_doc_to(document).context("it is not a job record")?;
    Ok(document.into())
}

#[derive(Serialize, Deserialize)]
struct Document {
    job_id: JobId,
    #[serde(default)]
    tenant: Tenant,
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stage: Option<Stage>,
    attempt: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease: Option<LeaseMap>,
    message_for_support: String,
    recipe: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    upload: Upload,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    photo_of: Option<JobId>,
    #[serde(default)]
    caching: Caching,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quality: Option<Quality>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head: Option<HeadMap>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<ArtefactInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cached_from: Option<JobId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    render_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approval: Option<ApprovalMap>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<ModelInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    webhook: Option<WebhookMap>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dead_letter_owed: Option<String>,
    republished: u32,
    created_at: FirestoreTimestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started_at: Option<FirestoreTimestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finished_at: Option<FirestoreTimestamp>,
    updated_at: FirestoreTimestamp,
    expire_at: FirestoreTimestamp,
}

#[derive(Serialize, Deserialize)]
struct LeaseMap {
    worker: String,
    until: FirestoreTimestamp,
}

#[derive(Serialize, Deserialize)]
struct ApprovalMap {
    job_id: JobId,
    at: FirestoreTimestamp,
}

/// Firestore's numbers are double precision, where the nearest to 0.93 in single precision reads 0.9300000071525574.
#[derive(Serialize, Deserialize)]
struct HeadMap {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    confidence: f64,
    source: HeadSource,
}

impl From<&JobRecord> for Document {
    fn from(record: &JobRecord) -> Self {
        let record = record.clone();
        Self {
            job_id: record.job_id,
            tenant: record.tenant,
            status: record.status,
            stage: record.stage,
            attempt: record.attempt,
            lease: record
                .lease
                .map(|Lease { worker, until }| LeaseMap { worker, until: FirestoreTimestamp(until) }),
            message_for_support: record.message_for_support,
            recipe: record.recipe,
            order_id: record.order_id,
            upload: record.upload,
            photo_of: record.photo_of,
            caching: record.caching,
            quality: record.quality,
            head: record.head.map(HeadMap::from),
            outputs: record.outputs,
            cached_from: record.cached_from,
            render_key: record.render_key,
            approval: record
                .approval
                .map(|Approval { job_id, at }| ApprovalMap { job_id, at: FirestoreTimestamp(at) }),
            model: record.model,
            error: record.error,
            webhook: record.webhook.map(WebhookMap::from),
            trace_id: record.trace_id,
            dead_letter_owed: record.dead_letter_owed,
            republished: record.republished,
            created_at: FirestoreTimestamp(record.created_at),
            started_at: record.started_at.map(FirestoreTimestamp),
            finished_at: record.finished_at.map(FirestoreTimestamp),
            updated_at: FirestoreTimestamp(record.updated_at),
            expire_at: FirestoreTimestamp(record.expire_at),
        }
    }
}

impl From<Document> for JobRecord {
    fn from(document: Document) -> Self {
        Self {
            job_id: document.job_id,
            tenant: document.tenant,
            status: document.status,
            stage: document.stage,
            attempt: document.attempt,
            lease: document.lease.map(|LeaseMap { worker, until }| Lease { worker, until: until.0 }),
            message_for_support: document.message_for_support,
            recipe: document.recipe,
            order_id: document.order_id,
            upload: document.upload,
            photo_of: document.photo_of,
            caching: document.caching,
            quality: document.quality,
            head: document.head.map(Head::from),
            outputs: document.outputs,
            cached_from: document.cached_from,
            render_key: document.render_key,
            approval: document.approval.map(|ApprovalMap { job_id, at }| Approval { job_id, at: at.0 }),
            model: document.model,
            error: document.error,
            webhook: document.webhook.map(Webhook::from),
            trace_id: document.trace_id,
            dead_letter_owed: document.dead_letter_owed,
            republished: document.republished,
            created_at: document.created_at.0,
            started_at: document.started_at.map(|at| at.0),
            finished_at: document.finished_at.map(|at| at.0),
            updated_at: document.updated_at.0,
            expire_at: document.expire_at.0,
        }
    }
}

impl From<Head> for HeadMap {
    fn from(head: Head) -> Self {
        Self {
            x: decimal(head.x),
            y: decimal(head.y),
            width: decimal(head.width),
            height: decimal(head.height),
            confidence: decimal(head.confidence),
            source: head.source,
        }
    }
}

impl From<HeadMap> for Head {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the numbers were single precision when they were written"
    )]
    fn from(head: HeadMap) -> Self {
        Self {
            x: head.x as f32,
            y: head.y as f32,
            width: head.width as f32,
            height: head.height as f32,
            confidence: head.confidence as f32,
            source: head.source,
        }
    }
}

/// The number as a person would write it, in double precision. Back in single precision it is the same number.
fn decimal(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| f64::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_a_person_would_write_them_and_come_back_the_same() {
        assert_eq!(decimal(0.93), 0.93);
        for number in [0.0, 0.1, 1.0 / 3.0, 812.5, 16_777_217.0, f32::MIN_POSITIVE, f32::MAX, -7.3e-12] {
            let head = Head {
                x: number,
                y: 0.0,
                width: 1.0,
                height: 1.0,
                confidence: 0.5,
                source: HeadSource::Matte,
            };
            assert_eq!(Head::from(HeadMap::from(head.clone())), head);
        }
    }
}
