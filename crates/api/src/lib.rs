//! The HTTP side of the headshot service: photos come in, are looked at and stored while they stream past, and become
//! tasks for the worker. The API never decodes a picture and never links the pipeline.
//!
//! [`Settings`] are what a person sets, [`Config`] is what they mean once checked, and [`run`] serves until told to stop.

mod accept;
mod accepts;
mod admin;
mod admission;
mod announce;
mod approve;
mod auth;
mod body;
mod connections;
mod cors;
mod derive;
mod document;
mod erase;
mod error;
mod events;
mod fields;
mod files;
mod form;
mod health;
pub mod healthcheck;
mod idempotency;
mod intake;
mod intake_error;
mod job_error;
mod json;
pub mod keys;
mod limits;
mod linger;
mod metrics;
mod observe;
mod openapi;
mod page;
mod parameter;
mod part_heads;
mod prefer;
mod problem;
mod put_file;
mod query;
mod receive;
mod resend;
mod routes;
mod server;
mod settings;
mod sha256;
mod stall;
mod status;
mod submit;
mod uploaded;
mod watchers;
mod webhook;

pub use openapi::document as openapi;
pub use server::run;
pub use settings::{
    Access, AccessArgs, Admission, AdmissionArgs, Command, Config, IdTokenSettings, InvalidSettings, Settings,
};
