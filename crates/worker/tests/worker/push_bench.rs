//! A worker to which tasks are pushed, and an issuer of tokens that it trusts.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headshot_backend::PushSettings;
use headshot_core::{BlobKey, JobId, TaskMessage};
use headshot_worker::render::Render;
use serde_json::{Value, json};

use crate::bench::{Bench, Running, request};
use crate::issuer::{ACCOUNT, AUDIENCE, Issuer, Key, Published, claims};

pub struct PushBench {
    pub bench: Bench,
    pub issuer: Issuer,
    pub key: Key,
}

impl PushBench {
    pub async fn new() -> Result<Self> {
        Self::with(Bench::new().await?).await
    }

    pub async fn with(mut bench: Bench) -> Result<Self> {
        let key = Key::new("key-1")?;
        let issuer = Issuer::start(Published::keys(&[&key])).await?;
        bench.config.push = Some(PushSettings {
            audience: AUDIENCE.into(),
            service_account: ACCOUNT.into(),
            keys_url: issuer.url(),
        });
        Ok(Self { bench, issuer, key })
    }

    pub async fn start(&self, render: Arc<dyn Render>) -> Result<Running> {
        self.bench.start(render).await
    }

    /// What Pub/Sub does with the task of a job: the answer's status.
    pub async fn push(&self, worker: &Running, id: JobId) -> Result<u16> {
        self.push_body(worker, envelope(&task(id)).to_string().as_bytes()).await
    }

    /// The same with any body.
    pub async fn push_body(&self, worker: &Running, body: &[u8]) -> Result<u16> {
        push(worker.address, &self.key.token(&claims())?, body).await
    }
}

/// Posts a body with a token; returns the status.
pub async fn push(worker: SocketAddr, token: &str, body: &[u8]) -> Result<u16> {
    let headers = [("Authorization", &*format!("Bearer {token}")), ("Content-Type", "application/json")];
    Ok(request(worker, "POST", "/pubsub/push", &headers, body).await?.0)
}

/// A job's task as it is published.
pub fn task(id: JobId) -> String {
    let task = TaskMessage {
        v: TaskMessage::VERSION,
        job_id: id,
        orig_bucket: "originals".into(),
        orig_key: BlobKey::Original(id).path(),
    };
    String::from_utf8(task.to_json()).expect("JSON is text")
}

/// What Pub/Sub posts, on a subscription without a dead-letter policy.
pub fn envelope(data: &str) -> Value {
    json!({
        "message": {
            "attributes": {"v": "1"},
            "data": STANDARD.encode(data),
            "messageId": "2070443601311540",
            "message_id": "2070443601311540",
            "publishTime": "2026-02-26T19:13:55.749Z",
        },
        "subscription": "projects/shop-1/subscriptions/headshot-push",
    })
}
