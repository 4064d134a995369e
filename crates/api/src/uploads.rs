//! Photos that come before their request: where they may be put, and how.

pub(crate) mod create;
pub(crate) mod error;
pub(crate) mod put;
