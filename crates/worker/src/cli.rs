//! What the worker can be asked on the command line.

mod doctor;
mod render;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use headshot_backend::settings::Given;
use headshot_core::{Recipe, RecipeError};

use crate::Settings;
use crate::config::RenderListing;
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

    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would become the help text of the whole command")]
    pub settings: Given<RenderListing>,
}

fn recipe(text: &str) -> Result<Recipe, RecipeError> {
    Recipe::named(text)
}
