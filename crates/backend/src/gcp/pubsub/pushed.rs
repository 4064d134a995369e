use tokio::sync::oneshot;
use tracing::debug;

use super::dead_letter::DeadLetter;
use super::envelope::Envelope;
use super::queue::GcpQueue;

/// A message that came in a request. What becomes of it is the request's answer: nothing else is owed to anybody, and
/// the lease lasts until the subscription's deadline for acknowledgement, which a push cannot extend.
pub(crate) struct PushedDelivery {
    /// Knows the topic for dead letters; a worker whose queue is elsewhere has none.
    queue: Option<GcpQueue>,
    envelope: Envelope,
    /// `true`: the message is done with. Dropped without a word, it comes again.
    answer: oneshot::Sender<bool>,
}

impl PushedDelivery {
    pub(crate) fn new(queue: Option<GcpQueue>, envelope: Envelope, answer: oneshot::Sender<bool>) -> Self {
        Self { queue, envelope, answer }
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.envelope.data
    }

    pub(crate) fn attempt(&self) -> u32 {
        self.envelope.delivery_attempt.unwrap_or(1)
    }

    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.envelope.attributes.get("traceparent").map(String::as_str)
    }

    pub(crate) fn ack(self) {
        self.say(true);
    }

    /// How long the message stays away is the subscription's retry policy, or else Pub/Sub's own back-off.
    pub(crate) fn nack(self, reason: &str) {
        debug!(message_id = self.envelope.message_id, reason, "the task goes back to Pub/Sub");
        self.say(false);
    }

    pub(crate) async fn put_off(self, reason: &str) {
        let Envelope { data, attributes, delivery_attempt, .. } = &self.envelope;
        let renewed = match &self.queue {
            Some(queue) => queue.renew(data.clone(), attributes, *delivery_attempt).await,
            None => false,
        };
        if renewed { self.say(true) } else { self.nack(reason) }
    }

    pub(crate) async fn dead_letter(mut self, reason: &str) -> bool {
        let letter = DeadLetter {
            message_id: &self.envelope.message_id,
            data: std::mem::take(&mut self.envelope.data),
            attributes: std::mem::take(&mut self.envelope.attributes),
            delivery_attempt: self.envelope.delivery_attempt,
        };
        let done_with = letter.set_aside(self.queue.as_ref(), reason).await;
        self.say(done_with);
        done_with
    }

    fn say(self, done_with: bool) {
        if self.answer.send(done_with).is_err() {
            let message_id = self.envelope.message_id;
            debug!(message_id, "Pub/Sub hung up before the task was settled; it will be delivered again");
        }
    }
}
