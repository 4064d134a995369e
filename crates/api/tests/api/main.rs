//! The API as its clients meet it: the real server over real TCP, on a local backend in a directory of its own.

mod cors;
mod desk;
mod documents;
mod downloads;
mod events;
mod forms;
mod http;
mod idempotency;
mod keys;
mod long_poll;
mod page;
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
