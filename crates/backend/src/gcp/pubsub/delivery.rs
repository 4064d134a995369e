use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::handler::Handler;
use tokio::sync::OwnedSemaphorePermit;
use tracing::debug;

use super::dead_letter::DeadLetter;
use super::queue::GcpQueue;
use crate::error::Result;

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
        self.counted_attempt().unwrap_or(1)
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

    pub(crate) async fn put_off(self, reason: &str) {
        let Self { queue, message, .. } = &self;
        if queue.renew(message.data.clone(), &message.attributes, self.counted_attempt()).await {
            debug!(message_id = message.message_id, reason, "the task goes back to Pub/Sub as a new message");
            self.handler.ack();
        } else {
            self.nack(reason);
        }
    }

    pub(crate) async fn dead_letter(self, reason: &str) -> bool {
        let letter = DeadLetter {
            message_id: &self.message.message_id,
            data: self.message.data.clone(),
            attributes: self.message.attributes.clone(),
            delivery_attempt: self.counted_attempt(),
        };
        let done_with = letter.set_aside(Some(&self.queue), reason).await;
        if done_with {
            self.handler.ack();
        } else {
            self.handler.nack();
        }
        done_with
    }

    /// The client does this by itself, every few seconds.
    #[expect(clippy::unused_async, reason = "a queue that has to ask does so")]
    pub(crate) async fn extend(&self) -> Result<bool> {
        Ok(true)
    }

    fn counted_attempt(&self) -> Option<u32> {
        self.handler.delivery_attempt().map(|attempt| u32::try_from(attempt).unwrap_or(1).max(1))
    }
}
