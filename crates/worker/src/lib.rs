//! The worker: takes tasks from the queue, turns photos into headshots, stores them and records the end of each job.
//!
//! [`pull`](fn@run) is the way of one task: a permit, a delivery, a claim on the record, then [`job::handle`] brings it to
//! one of the ends in [`job::Ended`]. Tasks that Pub/Sub pushes take the same way from the permit on. Beside it run the sweep for forgotten jobs and the small HTTP port. [`render_files`]
//! and [`doctor`] are the two commands that need no queue.

mod batch;
mod cli;
mod config;
mod doctor;
mod hands;
mod hash;
mod http;
pub mod job;
mod metrics;
mod model;
mod outage;
mod pull;
mod push;
pub mod render;
mod run;
mod settings;
pub mod shutdown;
mod stages;
mod sweep;
mod vital_signs;
mod webhooks;
mod worker;

pub use batch::render_files;
pub use cli::{Cli, Command, RenderArgs};
pub use config::{Config, ConfigErrors, JobsConfig, RenderingConfig};
pub use doctor::doctor;
pub use hands::Hands;
pub use metrics::Metrics;
pub use model::RemoteModel;
pub use outage::Outage;
pub use push::{PushArgs, Refused as PushRefused};
pub use run::{run, run_with};
pub use settings::{RenderingSettings, Settings};
pub use shutdown::Phases;
pub use sweep::sweep_once;
pub use vital_signs::VitalSigns;
pub use webhooks::{WebhookArgs, WebhookEnded, Webhooks, WebhooksConfig};
pub use worker::Worker;
