//! The worker: takes tasks from the queue, turns photos into headshots, stores them and records the end of each job.
//!
//! [`pull`](fn@run) is the way of one task: a permit, a delivery, a claim on the record, then [`job::handle`] brings it to
//! one of the ends in [`job::Ended`]. Tasks that Pub/Sub pushes take the same way from the permit on. Beside it run the sweep for forgotten jobs and the small HTTP port. [`render_files`]
//! and [`doctor`] are the two commands that need no queue.

mod cli;
mod config;
mod hash;
mod http;
pub mod job;
mod queue;
pub mod render;
mod run;
mod runtime;
mod settings;
mod webhooks;
mod worker;

pub use cli::{Cli, Command, RenderArgs, doctor, render_files};
pub use config::{Config, ConfigErrors, JobsConfig, RenderingConfig};
pub use queue::push::{PushArgs, Refused as PushRefused};
pub use queue::sweep::sweep_once;
pub use render::model::RemoteModel;
pub use run::{run, run_with};
pub use runtime::backoff::Outage;
pub use runtime::liveness::VitalSigns;
pub use runtime::metrics::Metrics;
pub use runtime::shutdown::{self, Phases};
pub use runtime::slots::Hands;
pub use settings::{RenderingSettings, Settings};
pub use webhooks::{WebhookArgs, WebhookEnded, Webhooks, WebhooksConfig};
pub use worker::Worker;
