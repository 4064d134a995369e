//! CPU time or memory of each stage of the pipeline: `bench_stages cpu|memory [--without RULE] [PHOTO]…`.
//! `infra/bench-stages` runs both, each in the process that it is true of.
//!
//! `--without` adds a table without that rule around the networks, `--without each` one for each of them.
//! Without photos it takes the 12-megapixel JPEG of the shared material and one drawn. Times are medians over several
//! runs. Memory is that of the first run, in which ONNX Runtime too allocates what it keeps: how far the process
//! rises above what it holds when the photo has been decoded.

use std::cell::RefCell;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use headshot_core::{Recipe, Stage};
use headshot_pipeline::{ModelSettings, Models, Outcome, Rule, process};
use headshot_tests::drawn_pet::{Background, Coat, DrawnPet, Species};
use headshot_tests::{shared, workspace};

const RUNS: usize = 7;

/// What is measured of a stage.
struct Figure {
    title: &'static str,
    of: fn(&[Vec<Mark>], usize) -> f64,
    /// What the limited stages come to.
    together: fn(f64, f64) -> f64,
    /// What they may, of a 12-megapixel photo.
    limit: f64,
}

const CPU: Figure = Figure { title: "CPU ms", of: cpu_of, together: |a, b| a + b, limit: 250.0 };
const MEMORY: Figure =
    Figure { title: "peak above the decoded photo, MB", of: peak_of, together: f64::max, limit: 150.0 };
/// The stages that the limits are about.
const LIMITED: [Stage; 2] = [Stage::Matting, Stage::Foreground];

/// A moment at which a stage begins, or the run ends.
#[derive(Clone, Copy)]
struct Mark {
    stage: Option<Stage>,
    cpu_ms: f64,
    resident_mb: f64,
    /// The most since the mark before.
    peak_mb: f64,
}

fn main() -> Result<()> {
    let here = env::current_dir().context("the current folder")?;
    let mut photos = Vec::new();
    let figure = match env::args().nth(1).as_deref() {
        Some("cpu") => CPU,
        Some("memory") => MEMORY,
        _ => bail!("say what shall be measured, cpu or memory"),
    };
    let mut without = vec![None];
    let mut arguments = env::args().skip(2);
    while let Some(path) = arguments.next() {
        if path == "--without" {
            let name = arguments.next().context("--without needs a rule")?;
            let rules = Rule::named(&name);
            ensure!(!rules.is_empty(), "there is no rule {name}");
            without.extend(rules.into_iter().map(Some));
        } else {
            photos.push((path.clone(), fs::read(here.join(&path)).with_context(|| path)?));
        }
    }
    env::set_current_dir(workspace()).context("the workspace")?;
    if photos.is_empty() {
        photos = twelve_megapixels()?;
    }
    for without in without {
        let models = Models::load(&ModelSettings { threads: 1, without, ..ModelSettings::default() })?;
        for (name, bytes) in &photos {
            let runs = (0..RUNS).map(|_| run(bytes, &models)).collect::<Result<Vec<_>>>()?;
            let name = without.map_or(name.clone(), |rule| format!("{name}, without {}", rule.name()));
            print(&name, &figure, &runs);
        }
    }
    Ok(())
}

fn twelve_megapixels() -> Result<Vec<(String, Vec<u8>)>> {
    let name = "dog-hat-12mp-orient6.jpg";
    let mut photos = Vec::new();
    if let Some(folder) = shared("photos") {
        photos.push((name.to_owned(), fs::read(folder.join(name)).context(name)?));
    }
    let (species, coat, background) = (Species::Cat, Coat::Tabby, Background::Garden);
    let pet = DrawnPet { species, coat, background, width: 3000, height: 4000, seed: 1 };
    photos.push(("drawn cat of 12 megapixels".to_owned(), pet.draw().jpeg()));
    Ok(photos)
}

fn run(bytes: &[u8], models: &Models) -> Result<Vec<Mark>> {
    let marks = RefCell::new(Vec::new());
    let begin = |stage| marks.borrow_mut().push(Mark::now(Some(stage)));
    let outcome = process(bytes, &Recipe::headshot(), models, &begin)?;
    marks.borrow_mut().push(Mark::now(None));
    ensure!(matches!(outcome, Outcome::Rendered(_)), "there is no print: {outcome:?}");
    Ok(marks.into_inner())
}

impl Mark {
    fn now(stage: Option<Stage>) -> Self {
        let mark =
            Self { stage, cpu_ms: cpu_ms(), resident_mb: memory_mb("VmRSS"), peak_mb: memory_mb("VmHWM") };
        // Begins the peak anew (proc(5)); where that is forbidden, peaks are those since the start.
        let _ = fs::write("/proc/self/clear_refs", "5");
        mark
    }
}

/// CPU time of all threads so far.
fn cpu_ms() -> f64 {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let of = |thread: fs::DirEntry| -> Option<f64> {
        fs::read_to_string(thread.path().join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    threads.filter_map(of).sum::<f64>() / 1e6
}

fn memory_mb(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

/// Median CPU time of a stage over all runs.
fn cpu_of(runs: &[Vec<Mark>], stage: usize) -> f64 {
    let mut times: Vec<f64> = runs.iter().map(|run| run[stage + 1].cpu_ms - run[stage].cpu_ms).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// How far a stage of the first run rises above the decoded photo.
fn peak_of(runs: &[Vec<Mark>], stage: usize) -> f64 {
    runs[0][stage + 1].peak_mb - runs[0][1].resident_mb
}

fn print(name: &str, figure: &Figure, runs: &[Vec<Mark>]) {
    println!("\n| {name} | {} |\n|---|---|", figure.title);
    let mut together = f64::NAN;
    for (i, mark) in runs[0][..runs[0].len() - 1].iter().enumerate() {
        let stage = mark.stage.expect("only the last mark has none");
        let value = (figure.of)(runs, i);
        println!("| {} | {value:.0} |", stage.as_str());
        if LIMITED.contains(&stage) {
            together = if together.is_nan() { value } else { (figure.together)(together, value) };
        }
    }
    let missed = if together > figure.limit { " **missed**" } else { "" };
    println!("| **matting, refinement, foreground** | {together:.0} (≤ {}){missed} |", figure.limit);
}
