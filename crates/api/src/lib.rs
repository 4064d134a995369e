//! The HTTP side of the headshot service: photos come in, are looked at and stored while they stream past, and become
//! tasks for the worker. The API never decodes a picture and never links the pipeline.
//!
//! [`Settings`] are what a person sets, [`Config`] is what they mean once checked, and [`run`] serves until told to stop.

mod accept;
mod admission;
mod auth;
mod body;
mod cors;
mod document;
mod error;
mod fields;
mod files;
mod form;
mod health;
pub mod healthcheck;
mod intake;
pub mod keys;
mod limits;
mod metrics;
mod observe;
mod problem;
mod routes;
mod server;
mod settings;
mod sha256;
mod status;
mod submit;

pub use server::run;
pub use settings::{
    Access, AccessArgs, Admission, AdmissionArgs, Command, Config, IdTokenSettings, InvalidSettings, Settings,
};
