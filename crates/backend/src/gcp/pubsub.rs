//! Pub/Sub: tasks as messages, pulled or pushed.

mod clients;
mod dead_letter;
mod delivery;
mod envelope;
mod pump;
mod push_gate;
mod pushed;
mod queue;
mod subscription;

pub(crate) use delivery::GcpDelivery;
pub(crate) use envelope::Envelope;
pub use push_gate::PushGate;
pub(crate) use pushed::PushedDelivery;
pub(crate) use queue::GcpQueue;
pub(crate) use subscription::GcpSubscription;
