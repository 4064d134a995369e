//! The worker in this process, on a real local backend in a temporary folder. Only the pipeline is replaced, where a
//! test needs a render that fails, panics or takes its time; the whole of it is tested over the real binaries in the
//! package `headshot-tests`.

mod bench;
mod claims;
mod endpoint;
mod failures;
mod issuer;
mod probes;
mod push;
mod push_bench;
mod push_emulator;
mod push_keys;
mod push_stopping;
mod push_tokens;
mod recipes;
mod settings;
mod stopping;
mod webhooks;
mod webhooks_trouble;
