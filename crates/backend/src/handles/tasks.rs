mod delivery;
mod push;

use bytes::Bytes;
use headshot_core::TaskMessage;

pub use delivery::Delivery;
pub use push::{MalformedPush, PushAnswer};

use crate::contract::tasks::QueueDepth;
use crate::error::Result;
use crate::gcp::{GcpQueue, GcpSubscription};
use crate::handles::dispatch::dispatch;
use crate::local::{LocalQueue, LocalSubscription};

/// The queue of tasks from the API to the workers: at least once, in no promised order.
#[derive(Clone)]
pub struct Tasks {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Local(LocalQueue),
    Gcp(GcpQueue),
}

/// A stream of deliveries to this process. Dropping it gives back what it holds unseen.
pub struct Subscription {
    kind: SubscriptionKind,
}

enum SubscriptionKind {
    Local(LocalSubscription),
    Gcp(GcpSubscription),
}

impl Tasks {
    pub(crate) fn local(queue: LocalQueue) -> Self {
        Self { kind: Kind::Local(queue) }
    }

    pub(crate) fn gcp(queue: GcpQueue) -> Self {
        Self { kind: Kind::Gcp(queue) }
    }

    /// Publishes a task. The queue may hold a task twice, but need not: publishing a job that already waits in the queue
    /// is harmless either way.
    ///
    /// # Errors
    /// The queue cannot be reached within a few seconds.
    pub async fn publish(&self, task: &TaskMessage, traceparent: Option<&str>) -> Result<()> {
        self.publish_body(task.to_json().into(), traceparent).await
    }

    /// Publishes any body, whether or not a worker will understand it: for replaying dead letters, and for tests.
    ///
    /// # Errors
    /// The queue cannot be reached within a few seconds.
    pub async fn publish_body(&self, body: Bytes, traceparent: Option<&str>) -> Result<()> {
        dispatch!(self, queue => queue.publish(body, traceparent).await)
    }

    /// Starts taking deliveries, at most `max_outstanding` (at least one) of them alive at a time.
    ///
    /// # Errors
    /// The queue cannot be reached.
    pub async fn subscribe(&self, max_outstanding: usize) -> Result<Subscription> {
        match &self.kind {
            Kind::Local(queue) => {
                Ok(Subscription { kind: SubscriptionKind::Local(queue.subscribe(max_outstanding)) })
            }
            Kind::Gcp(queue) => {
                Ok(Subscription { kind: SubscriptionKind::Gcp(queue.subscribe(max_outstanding)?) })
            }
        }
    }

    /// Takes the delivery that Pub/Sub has posted in `body`. Whoever does so must know that it was Pub/Sub
    /// ([`crate::PushGate`]), and answers the request with what [`PushAnswer`] says.
    ///
    /// # Errors
    /// The body is no envelope of Pub/Sub. An envelope whose task is malformed is a delivery like any other.
    pub fn pushed(&self, body: &[u8]) -> Result<(Delivery, PushAnswer), MalformedPush> {
        match &self.kind {
            Kind::Local(_) => push::open(None, body),
            Kind::Gcp(queue) => push::open(Some(queue), body),
        }
    }

    /// How full the queue is.
    ///
    /// # Errors
    /// The queue cannot be reached.
    pub async fn depth(&self) -> Result<QueueDepth> {
        dispatch!(self, queue => queue.depth().await)
    }
}

impl Subscription {
    /// Waits for the next delivery. A call that is cancelled loses nothing: what it was about to return comes from the
    /// next call.
    ///
    /// # Errors
    /// The queue cannot be reached; wait a little, then call again.
    pub async fn next(&mut self) -> Result<Delivery> {
        match &mut self.kind {
            SubscriptionKind::Local(subscription) => Ok(Delivery::local(subscription.next().await?)),
            SubscriptionKind::Gcp(subscription) => Ok(Delivery::gcp(subscription.next().await?)),
        }
    }
}
