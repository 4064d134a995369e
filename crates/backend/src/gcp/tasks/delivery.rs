use anyhow::Result;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::handler::Handler;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{debug, error, warn};

use super::{GcpQueue, publish};

/// In characters, each of which takes up to four bytes of the 1024 that an attribute of Pub/Sub holds.
const LONGEST_REASON: usize = 250;

/// A message. The client extends its lease for as long as it is alive, and refuses it when it is dropped.
pub(crate) struct GcpDelivery {
    queue: GcpQueue,
    message: Message,
    handler: Handler,
    _permit: OwnedSemaphorePermit,
}

impl GcpDelivery {
    pub(super) fn new(
        queue: GcpQueue,
        message: Message,
        handler: Handler,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self { queue, message, handler, _permit: permit }
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.message.data
    }

    /// The service only counts deliveries on subscriptions with a dead-letter policy. On others every delivery seems to
    /// be the first; the record's own count of attempts is what the worker goes by.
    pub(crate) fn attempt(&self) -> u32 {
        self.handler.delivery_attempt().and_then(|attempt| u32::try_from(attempt).ok()).unwrap_or(1).max(1)
    }

    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.message.attributes.get("traceparent").map(String::as_str)
    }

    /// Answers are sent together every tenth of a second; [`GcpQueue::close`] waits for the last.
    pub(crate) fn ack(self) {
        self.handler.ack();
    }

    /// How long the message stays away is the subscription's retry policy.
    pub(crate) fn nack(self, reason: &str) {
        debug!(message_id = self.message.message_id, reason, "the task goes back to Pub/Sub");
        self.handler.nack();
    }

    /// To the topic for dead letters, if there is one. Without, the message is refused until the subscription's policy
    /// sets it aside; without a policy it would come again for ever, so that it is dropped, and the log is all there is.
    pub(crate) fn dead_letter(self, reason: &str) -> BoxFuture<'_, ()> {
        async move {
        let message_id = self.message.message_id.clone();
        if let Some(topic) = &self.queue.shared.dead_letters {
            let mut letter = Message::new().set_data(self.message.data.clone());
            letter.attributes = self.message.attributes.clone();
            letter.attributes.insert("reason".into(), reason.chars().take(LONGEST_REASON).collect());
            letter.attributes.insert("original_message_id".into(), message_id.clone());
            letter.attributes.insert("delivery_attempt".into(), self.attempt().to_string());
            match publish(topic, letter).await {
                Ok(()) => return self.handler.ack(),
                Err(error) => {
                    let error = format!("{error:#}");
                    warn!(message_id, error, "a dead letter could not be set aside; it comes again");
                    return self.handler.nack();
                }
            }
        }
        if self.handler.delivery_attempt().is_some() {
            warn!(
                message_id,
                reason, "the task is refused until the subscription sets it aside as a dead letter"
            );
            self.handler.nack();
        } else {
            error!(
                message_id,
                reason,
                "the task is dropped: neither is there a dead-letter topic, nor has the subscription a policy"
            );
            self.handler.ack();
        }
    }
        .boxed()
    }

    /// The client does this by itself, every few seconds.
    #[expect(clippy::unused_async, reason = "a queue that has to ask does so")]
    pub(crate) async fn extend(&self) -> Result<bool> {
        Ok(true)
    }
}
