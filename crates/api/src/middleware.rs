//! What requests pass before and after their handlers.

pub(crate) mod admission;
pub(crate) mod auth;
pub(crate) mod cors;
pub(crate) mod drain_body;
pub(crate) mod request_log;
