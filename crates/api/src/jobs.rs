//! What is done with jobs: made from photos, shown, waited for, made again, approved and erased.

pub(crate) mod approve;
pub(crate) mod create;
pub(crate) mod derive;
pub(crate) mod erase;
pub(crate) mod error;
pub(crate) mod events;
pub(crate) mod idempotency;
pub(crate) mod rerender;
pub(crate) mod retry;
pub(crate) mod show;
pub(crate) mod submit;
pub(crate) mod view;
pub(crate) mod watch;
pub(crate) mod webhook;
