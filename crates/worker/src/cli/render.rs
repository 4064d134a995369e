//! `headshot-worker render`: the pipeline on files of this machine.

mod collect;
mod contact_sheet;
mod label;
mod photo;
mod report;

use std::fs;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use crate::render::{Pipeline, Render};
use crate::{RenderArgs, RenderingConfig};
use collect::Collected;
use contact_sheet::{ContactSheet, Row};
use photo::{Job, Made};
use report::Outcome;

/// Renders every photo that `args` name. The exit code is 1 when one failed for another reason than being refused.
///
/// # Errors
/// Nothing can be rendered at all: wrong settings, no photo, a folder that cannot be written, a model that does not load.
pub fn render_files(args: &RenderArgs) -> anyhow::Result<ExitCode> {
    let (config, at_once) = RenderingConfig::for_batch(&args.settings)?;
    let Collected { photos, notes } = collect::collect(&args.photos)?;
    for note in &notes {
        eprintln!("{note}");
    }
    anyhow::ensure!(!photos.is_empty(), "there is no photo to render");
    fs::create_dir_all(&args.out).with_context(|| format!("creating the folder {}", args.out.display()))?;
    let pipeline = Pipeline::load(&config.model)?;
    if let Some(reason) = pipeline.cuda_missing() {
        eprintln!("CUDA cannot be used, so photos are rendered on the CPU: {reason}");
    }
    let recipe = config.sized(args.recipe.clone());
    let job = Job {
        pipeline: &pipeline,
        recipe: &recipe,
        out: &args.out,
        matte: args.matte,
        row: args.contact_sheet,
    };

    let bar = progress_bar(photos.len());
    let next = AtomicUsize::new(0);
    let made = Mutex::new(Vec::with_capacity(photos.len()));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(photo) = photos.get(index) else { break };
            bar.set_message(photo.name.clone());
            let one = job.render(photo);
            if let Some(sentence) = one.sentence() {
                bar.suspend(|| eprintln!("{sentence}"));
            }
            bar.inc(1);
            made.lock().unwrap_or_else(PoisonError::into_inner).push((index, one));
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once.min(photos.len()) {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();

    let mut made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    made.sort_unstable_by_key(|(index, _)| *index);
    let made: Vec<Made> = made.into_iter().map(|(_, one)| one).collect();
    let summary = Summary::of(&made);
    if args.contact_sheet {
        let rows: Vec<Row> = made.into_iter().filter_map(|one| one.row).collect();
        ContactSheet { rows }
            .write(&args.out.join("contact-sheet.png"))
            .context("writing the contact sheet")?;
    }
    println!(
        "{} rendered, {} refused, {} failed; in {}",
        summary.done,
        summary.refused,
        summary.failed,
        args.out.display()
    );
    Ok(if summary.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Default)]
struct Summary {
    done: usize,
    refused: usize,
    failed: usize,
}

impl Summary {
    fn of(made: &[Made]) -> Self {
        made.iter().fold(Self::default(), |mut sum, one| {
            match one.outcome {
                Outcome::Done => sum.done += 1,
                Outcome::Refused => sum.refused += 1,
                Outcome::Failed => sum.failed += 1,
            }
            sum
        })
    }
}

/// Drawn on the terminal only; a pipe gets the sentences and the summary.
fn progress_bar(photos: usize) -> ProgressBar {
    let bar = ProgressBar::new(photos as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {eta} left  {msg}") {
        bar.set_style(style);
    }
    bar
}
