//! What the worker can be asked on the command line.

mod doctor;
mod render;

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use headshot_core::{Recipe, RecipeError};

use crate::{RenderingSettings, Settings};
pub use doctor::doctor;
pub use render::render_files;

/// Turns queued photos into black-and-white pet headshots.
#[derive(Parser, Debug)]
#[command(name = "headshot-worker", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; without it, `run`.
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would become the help text of the whole command")]
    pub settings: Settings,
}

impl Cli {
    /// Reads the arguments and the environment; what is wrong with the arguments is said on the terminal, and the process
    /// ends. A variable that is set but empty counts as not set: deployment tools write empty ones for "default".
    pub fn read() -> Self {
        let matches = without_empty_variables(Self::command()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let command = command.mut_args(|arg| match arg.get_env() {
        Some(name) if is_empty(name) => arg.env(None::<&str>),
        _ => arg,
    });
    command.mut_subcommands(without_empty_variables)
}

/// What the worker can be asked to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Take tasks from the queue until SIGTERM (this is what happens without a command)
    Run(Box<Settings>),
    /// Render photos of this machine into a folder, without API, queue or records
    Render(Box<RenderArgs>),
    /// Check settings, storage, records, queue, model and ONNX Runtime, and say how to mend what is wrong
    Doctor(Box<Settings>),
}

/// The arguments of `render`.
#[derive(Args, Clone, Debug)]
pub struct RenderArgs {
    /// Photos, or folders of photos (folders inside them are not entered)
    #[arg(required = true, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,

    /// Folder for the results, created when missing: NAME.preview.png, NAME.print.png, NAME.json, and what the recipe asks
    /// for besides
    #[arg(short, long, value_name = "FOLDER")]
    pub out: PathBuf,

    /// What to make: headshot[,look=house|soft|dramatic][,background=white|black|#rrggbb[,bleed=0mm…10mm]][,grey-alpha]. The option `grain` adds film grain, `framing=close-up|bust` shows less or more than the head.
    /// With a background there is NAME.flattened.png, with grey-alpha NAME.print-grey-alpha.png
    #[arg(long, value_name = "RECIPE", default_value = Recipe::HEADSHOT, value_parser = recipe)]
    pub recipe: Recipe,

    /// Also write NAME.matte.png, in the upright photo's own size
    #[arg(long)]
    pub matte: bool,

    /// Also write contact-sheet.png: each photo beside its matte and its result on white and on black
    #[arg(long)]
    pub contact_sheet: bool,

    /// Photos rendered at the same time; by default one per core
    #[arg(
        long,
        env = "WORKER_CONCURRENCY",
        default_value = "",
        value_name = "NUMBER",
        hide_default_value = true
    )]
    pub worker_concurrency: String,

    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would become the help text of the whole command")]
    pub rendering: RenderingSettings,
}

fn recipe(text: &str) -> Result<Recipe, RecipeError> {
    Recipe::named(text)
}
