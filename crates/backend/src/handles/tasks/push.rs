use tokio::sync::oneshot;

use super::delivery::Delivery;
use crate::gcp::{Envelope, GcpQueue, PushedDelivery};

/// What to answer to the request that brought a delivery.
#[must_use = "Pub/Sub waits for it"]
pub struct PushAnswer(oneshot::Receiver<bool>);

/// Why a request's body brings no delivery, in words of ours: nothing of it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedPush(pub &'static str);

impl PushAnswer {
    /// Waits until the delivery is settled. `true` means that the task is done with; `false`, also when the delivery was
    /// dropped, that it has to come again.
    pub async fn is_done_with(self) -> bool {
        self.0.await.unwrap_or(false)
    }
}

pub(super) fn open(queue: Option<&GcpQueue>, body: &[u8]) -> Result<(Delivery, PushAnswer), MalformedPush> {
    let envelope = Envelope::from_json(body).map_err(MalformedPush)?;
    let (sender, receiver) = oneshot::channel();
    let delivery = PushedDelivery::new(queue.cloned(), envelope, sender);
    Ok((Delivery::pushed(delivery), PushAnswer(receiver)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"message": {"messageId": "1", "data": "Z2FyYmFnZQ=="}}"#;

    #[tokio::test]
    async fn the_request_hears_what_becomes_of_the_task() {
        let (delivery, answer) = open(None, BODY).unwrap();
        delivery.ack().await;
        assert!(answer.is_done_with().await);
        let (delivery, answer) = open(None, BODY).unwrap();
        delivery.nack("not now").await;
        assert!(!answer.is_done_with().await);
        let (delivery, answer) = open(None, BODY).unwrap();
        delivery.give_back().await;
        assert!(!answer.is_done_with().await);
    }

    #[tokio::test]
    async fn a_task_that_is_forgotten_comes_again() {
        let (delivery, answer) = open(None, BODY).unwrap();
        delivery.task().unwrap_err();
        assert_eq!(delivery.attempt(), 1);
        drop(delivery);
        assert!(!answer.is_done_with().await);
    }

    #[tokio::test]
    async fn an_answer_that_nobody_waits_for_is_no_trouble() {
        let (delivery, answer) = open(None, BODY).unwrap();
        drop(answer);
        assert!(delivery.extend().await.unwrap());
        delivery.ack().await;
    }
}
