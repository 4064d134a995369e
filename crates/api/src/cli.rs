//! The commands of the program that do not serve.

pub mod healthcheck;
pub mod keys;
