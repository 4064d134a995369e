use std::collections::HashMap;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use google_cloud_pubsub::model::Message;
use tracing::{error, warn};

use super::queue::{GcpQueue, To};

/// In characters, each of which takes up to four bytes of the 1024 that an attribute of Pub/Sub holds.
const LONGEST_REASON: usize = 250;

/// A message that nobody can act on, whichever way it came.
pub(super) struct DeadLetter<'a> {
    pub(super) message_id: &'a str,
    pub(super) data: Bytes,
    pub(super) attributes: HashMap<String, String>,
    /// The service only counts on subscriptions with a dead-letter policy.
    pub(super) delivery_attempt: Option<u32>,
}

impl<'a> DeadLetter<'a> {
    /// To the topic for dead letters, if there is one. Without, the message is refused until the subscription's policy
    /// sets it aside; without a policy it would come again for ever, so that it is dropped, and the log is all there is.
    /// Returns whether the message is done with; otherwise it has to come again.
    pub(super) fn set_aside(self, queue: Option<&'a GcpQueue>, reason: &'a str) -> BoxFuture<'a, bool> {
        match queue.filter(|queue| queue.shared.has_dead_letter_topic) {
            Some(queue) => self.publish(queue, reason).boxed(),
            None => std::future::ready(self.leave_to_policy(reason)).boxed(),
        }
    }

    async fn publish(self, queue: &GcpQueue, reason: &str) -> bool {
        let message_id = self.message_id;
        let attempt = self.delivery_attempt.unwrap_or(1);
        let mut letter = Message::new().set_data(self.data);
        letter.attributes = self.attributes;
        letter.attributes.insert("reason".into(), reason.chars().take(LONGEST_REASON).collect());
        letter.attributes.insert("original_message_id".into(), message_id.to_owned());
        letter.attributes.insert("delivery_attempt".into(), attempt.to_string());
        let published = queue.send(To::DeadLetters, letter).await;
        if let Err(error) = &published {
            let error = format!("{error:#}");
            warn!(message_id, error, "a dead letter could not be set aside; it comes again");
        }
        published.is_ok()
    }

    fn leave_to_policy(self, reason: &str) -> bool {
        let message_id = self.message_id;
        if self.delivery_attempt.is_some() {
            warn!(
                message_id,
                reason, "the task is refused until the subscription sets it aside as a dead letter"
            );
            return false;
        }
        error!(
            message_id,
            reason,
            "the task is dropped: neither is there a dead-letter topic, nor has the subscription a policy"
        );
        true
    }
}
