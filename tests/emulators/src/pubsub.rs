use std::time::Duration;

use anyhow::{Context, Result};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use crate::http;

/// The names of a topic, its subscription and its topic of dead letters in a project.
#[derive(Clone, Debug)]
pub struct QueueNames {
    /// The project; nothing else need be in it.
    pub project: String,
    /// The topic of tasks.
    pub topic: String,
    /// The subscription of the workers.
    pub subscription: String,
    /// The topic of dead letters, which has a subscription of the same name.
    pub dead_letters: String,
}

/// How a subscription treats what is not acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// Shortest wait before a redelivery.
    pub retry_min: Duration,
    /// Longest wait before a redelivery.
    pub retry_max: Duration,
    /// Deliveries before a message is set aside, 5 to 100; `None`: never.
    pub max_delivery_attempts: Option<u32>,
}

impl QueueNames {
    /// The usual names in a project.
    pub fn of(project: &str) -> Self {
        Self {
            project: project.into(),
            topic: "headshot-tasks".into(),
            subscription: "headshot-workers".into(),
            dead_letters: "headshot-dead-letters".into(),
        }
    }
}

impl Queue {
    /// Creates topics and subscriptions in the emulator at `host`.
    ///
    /// # Errors
    /// The emulator refuses.
    pub fn create(&self, host: &str, names: &QueueNames) -> Result<()> {
        let path = |kind: &str, name: &str| format!("projects/{}/{kind}/{name}", names.project);
        let put = |path: &str, body: Value| {
            http::call(host, "PUT", &format!("/v1/{path}"), Some(&body))
                .with_context(|| format!("creating {path}"))
        };
        let topic = path("topics", &names.topic);
        let dead_letters = path("topics", &names.dead_letters);
        put(&topic, json!({}))?;
        put(&dead_letters, json!({}))?;
        put(&path("subscriptions", &names.dead_letters), json!({"topic": dead_letters}))?;
        let mut subscription = json!({
            "topic": topic,
            "ackDeadlineSeconds": 10,
            "retryPolicy": {"minimumBackoff": seconds(self.retry_min), "maximumBackoff": seconds(self.retry_max)},
        });
        if let (Some(attempts), Some(fields)) = (self.max_delivery_attempts, subscription.as_object_mut()) {
            let policy = json!({"deadLetterTopic": dead_letters, "maxDeliveryAttempts": attempts});
            fields.insert("deadLetterPolicy".into(), policy);
        }
        put(&path("subscriptions", &names.subscription), subscription)?;
        Ok(())
    }

    /// Makes the subscription of the workers one that posts its messages to `endpoint`.
    ///
    /// # Errors
    /// The emulator refuses.
    pub fn push_to(host: &str, names: &QueueNames, endpoint: &str) -> Result<()> {
        let path =
            format!("/v1/projects/{}/subscriptions/{}:modifyPushConfig", names.project, names.subscription);
        http::call(host, "POST", &path, Some(&json!({"pushConfig": {"pushEndpoint": endpoint}})))
            .with_context(|| format!("pushing to {endpoint}"))?;
        Ok(())
    }

    /// Publishes a message to the topic of tasks.
    ///
    /// # Errors
    /// The emulator refuses.
    pub fn publish(host: &str, names: &QueueNames, body: &[u8]) -> Result<()> {
        let path = format!("/v1/projects/{}/topics/{}:publish", names.project, names.topic);
        let messages = json!({"messages": [{"data": BASE64_STANDARD.encode(body)}]});
        http::call(host, "POST", &path, Some(&messages)).map(drop)
    }

    /// Takes what is among the dead letters, with base64 bodies and attributes as Pub/Sub writes them, at most 100.
    ///
    /// # Errors
    /// The emulator refuses.
    pub fn dead_letters(host: &str, names: &QueueNames) -> Result<Vec<Value>> {
        let pull = format!("/v1/projects/{}/subscriptions/{}:pull", names.project, names.dead_letters);
        let body = json!({"maxMessages": 100, "returnImmediately": true});
        let answer = http::call(host, "POST", &pull, Some(&body))?;
        let received = answer.get("receivedMessages").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(received.into_iter().filter_map(|message| message.get("message").cloned()).collect())
    }
}

fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs_f64())
}
