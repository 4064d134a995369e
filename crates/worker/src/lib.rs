//! The worker: takes tasks from the queue, makes and stores headshots, and records the end of each job.
//!
//! `queue` pulls tasks, takes pushed ones and publishes forgotten ones again. `job` brings a task to its end,
//! and `webhooks` tells the shop. `runtime` is what the process needs besides, and [`run`](fn@run) puts it
//! together. [`render_files`] and [`doctor`] are the two commands that need no queue.

mod cli;
mod config;
mod hash;
mod http;
mod job;
mod queue;
pub mod render;
mod run;
mod runtime;
mod webhooks;
mod worker;

pub use cli::{Cli, Command, RenderArgs, doctor, render_files};
pub use config::{Config, JobsConfig, RenderingConfig, Settings, WebhooksConfig, project};
pub use render::model::RemoteModel;
pub use run::{run, run_with};
pub use runtime::shutdown;
