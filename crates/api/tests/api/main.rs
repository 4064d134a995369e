//! The API as its clients meet it: the real server over real TCP, on a local backend in a directory of its own.

mod cors;
mod documents;
mod downloads;
mod forms;
mod http;
mod photos;
mod process;
mod refusals;
mod submissions;
mod support;
mod waiting;
mod webhooks;
