use headshot_core::{TaskMessage, TaskMessageError};
use tracing::warn;

use crate::error::Result;
use crate::gcp::{GcpDelivery, PushedDelivery};
use crate::local::LocalDelivery;

/// One delivery of one task to this process. It must be answered by one of the consuming methods; a delivery that is
/// dropped stays invisible until its lease lapses and then goes to somebody else, as if this process had died; one that
/// came in a request comes again at once, since dropping it answers the request.
///
/// An answer that cannot be given (the queue is away, the lease has lapsed) is logged and otherwise the same as a drop:
/// the task comes again, and whoever gets it finds in the record what has been done already.
#[must_use = "an unanswered delivery comes again only when its lease lapses"]
pub struct Delivery {
    task: Result<TaskMessage, TaskMessageError>,
    kind: Kind,
}

enum Kind {
    Local(LocalDelivery),
    Gcp(GcpDelivery),
    Pushed(PushedDelivery),
}

impl Delivery {
    pub(crate) fn local(delivery: LocalDelivery) -> Self {
        Self { task: TaskMessage::from_json(delivery.body()), kind: Kind::Local(delivery) }
    }

    pub(crate) fn gcp(delivery: GcpDelivery) -> Self {
        Self { task: TaskMessage::from_json(delivery.body()), kind: Kind::Gcp(delivery) }
    }

    pub(super) fn pushed(delivery: PushedDelivery) -> Self {
        Self { task: TaskMessage::from_json(delivery.body()), kind: Kind::Pushed(delivery) }
    }

    /// The task, or why the body is none.
    ///
    /// # Errors
    /// The body is malformed or of a newer schema.
    pub fn task(&self) -> Result<&TaskMessage, &TaskMessageError> {
        self.task.as_ref()
    }

    /// Which delivery of the task this is, counted from 1.
    pub fn attempt(&self) -> u32 {
        match &self.kind {
            Kind::Local(delivery) => delivery.attempt(),
            Kind::Gcp(delivery) => delivery.attempt(),
            Kind::Pushed(delivery) => delivery.attempt(),
        }
    }

    /// The W3C trace context that was published with the task.
    pub fn traceparent(&self) -> Option<&str> {
        match &self.kind {
            Kind::Local(delivery) => delivery.traceparent(),
            Kind::Gcp(delivery) => delivery.traceparent(),
            Kind::Pushed(delivery) => delivery.traceparent(),
        }
    }

    /// The task is done with; it does not come again.
    pub async fn ack(self) {
        match self.kind {
            Kind::Local(delivery) => log("ack", delivery.ack().await),
            Kind::Gcp(delivery) => delivery.ack(),
            Kind::Pushed(delivery) => delivery.ack(),
        }
    }

    /// The attempt failed: the task comes again after a wait that doubles with each attempt.
    pub async fn nack(self, reason: &str) {
        match self.kind {
            Kind::Local(delivery) => log("nack", delivery.nack(reason).await),
            Kind::Gcp(delivery) => delivery.nack(reason),
            Kind::Pushed(delivery) => delivery.nack(reason),
        }
    }

    /// Nothing is wrong with the task, it only has to come later. As [`Delivery::nack`], but however often it happens, the
    /// queue does not count the task among those that cannot be delivered.
    pub async fn put_off(self, reason: &str) {
        match self.kind {
            Kind::Local(delivery) => log("nack", delivery.nack(reason).await),
            Kind::Gcp(delivery) => delivery.put_off(reason).await,
            Kind::Pushed(delivery) => delivery.put_off(reason).await,
        }
    }

    /// The task can never succeed: it is set aside, with the reason, for a person to look at. `false`: that could not be
    /// done, and it comes again.
    pub async fn dead_letter(self, reason: &str) -> bool {
        match self.kind {
            Kind::Local(delivery) => {
                let buried = delivery.dead_letter(reason).await;
                let done_with = matches!(buried, Ok(true));
                log("dead_letter", buried);
                done_with
            }
            Kind::Gcp(delivery) => delivery.dead_letter(reason).await,
            Kind::Pushed(delivery) => delivery.dead_letter(reason).await,
        }
    }

    /// Gives the task back at once, for a worker that stops. It does not count as an attempt where the queue allows.
    pub async fn give_back(self) {
        match self.kind {
            Kind::Local(delivery) => log("give_back", delivery.give_back().await),
            Kind::Gcp(delivery) => delivery.put_off("the worker stops").await,
            Kind::Pushed(delivery) => delivery.put_off("the worker stops").await,
        }
    }

    /// Extends the lease to its full length from now. `false` means that it had lapsed and the task is somebody else's.
    ///
    /// # Errors
    /// The queue cannot be reached.
    pub async fn extend(&self) -> Result<bool> {
        match &self.kind {
            Kind::Local(delivery) => delivery.extend().await,
            Kind::Gcp(delivery) => delivery.extend().await,
            // A push has the subscription's deadline and no other. Past it the task is delivered to somebody who finds
            // the record claimed, for as long as the claim is renewed.
            Kind::Pushed(_) => Ok(true),
        }
    }
}

fn log(answer: &str, outcome: Result<bool>) {
    match outcome {
        Ok(true) => {}
        Ok(false) => {
            warn!(answer, "the lease on a task had lapsed before it was answered; it may be delivered again")
        }
        Err(error) => {
            warn!(answer, error = %format_args!("{error:#}"), "a task could not be answered; it comes again")
        }
    }
}
