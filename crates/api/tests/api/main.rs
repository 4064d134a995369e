//! The API as its clients meet it: the real server over real TCP, on a local backend in a directory of its own.

mod announcements;
mod cors;
mod desk;
mod documents;
mod downloads;
mod events;
mod forms;
mod http;
mod id_tokens;
mod idempotency;
mod long_poll;
mod page;
// Somebody who signs tokens as Google does; the worker's tests have more use for it.
#[allow(dead_code)]
#[path = "../../../worker/tests/worker/issuer.rs"]
mod issuer;
mod keys;
mod keys_command;
mod limits;
mod photos;
mod process;
mod refusals;
mod rerender;
mod shops;
mod submissions;
mod support;
mod uploads;
mod waiting;
mod webhooks;
