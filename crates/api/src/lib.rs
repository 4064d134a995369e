//! The HTTP side of the headshot service: photos come in, are looked at and stored while they stream past, and become
//! tasks for the worker. The API never decodes a picture and never links the pipeline.
//!
//! [`Settings`] are what a person sets, [`Config`] is what they mean once checked, and [`run`] serves until told to stop.

mod admin;
pub mod cli;
mod config;
mod error;
mod files;
mod health;
mod http;
mod jobs;
mod limits;
mod metrics;
mod middleware;
mod openapi;
mod page;
mod router;
mod server;
mod sha256;
mod state;
mod uploads;

pub use config::{Access, Admission, Command, Config, IdTokenSettings, Settings};
pub use server::run;

/// The API's description, as it is served and checked in.
pub fn openapi() -> String {
    router::DESCRIPTION.text.clone()
}
