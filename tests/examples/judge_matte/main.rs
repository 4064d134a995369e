//! Prints the figures of the matte over the real pipeline, each beside its limit: `infra/judge-matte` runs it.
//!
//! `judge_matte [--model FILE]… [--without RULE]… [--only GROUP]…`: without a model the built-in one is
//! judged; several are shown side by side. `--without` judges them once more without a rule around the
//! network, `--without each` without each in turn. Groups are `kept-out`, `fresh`, `breeds`, `silver`,
//! `drawn`, `gate`, `faces`, `verdicts`, `framing` and `framing-fresh`.

mod breeds;
mod drawn;
mod faces;
mod figure;
mod framing;
mod fur;
mod gate;
mod kept_out;
mod measures;
mod part;
mod silver;
mod verdicts;

use std::path::PathBuf;
use std::{env, iter};

use anyhow::{Context, Result, bail};
use headshot_core::Recipe;
use headshot_pipeline::{ModelSettings, Models, Rule};
use headshot_tests::workspace;

use figure::Report;

/// Judges one group of figures.
type Judge = fn(&Models) -> Result<Report>;

const GROUPS: [(&str, Judge); 10] = [
    ("kept-out", kept_out::judge),
    ("fresh", kept_out::judge_fresh),
    ("breeds", breeds::judge),
    ("silver", silver::judge),
    ("drawn", drawn::judge),
    ("gate", gate::judge),
    ("faces", faces::judge),
    ("verdicts", verdicts::judge),
    ("framing", framing::judge),
    ("framing-fresh", framing::judge_fresh),
];

fn main() -> Result<()> {
    let (mut paths, mut only, mut without) = (Vec::new(), Vec::new(), vec![None]);
    let here = env::current_dir().context("the current folder")?;
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{argument} needs a value"))?;
        match argument.as_str() {
            "--model" => paths.push(here.join(value)),
            "--without" if !Rule::named(&value).is_empty() => {
                without.extend(Rule::named(&value).into_iter().map(Some));
            }
            "--only" if GROUPS.iter().any(|(name, _)| *name == value) => only.push(value),
            _ => bail!(
                "{argument} {value} is not understood; --model FILE, --without RULE and --only GROUP are"
            ),
        }
    }
    // The built-in runtime is found from there.
    env::set_current_dir(workspace()).context("the workspace")?;
    let networks = load(paths, &without)?;
    for (name, judge) in GROUPS {
        if only.is_empty() || only.iter().any(|wanted| wanted == name) {
            let reports = networks.iter().map(|(_, models)| judge(models)).collect::<Result<Vec<_>>>()?;
            let names: Vec<&str> = networks.iter().map(|(name, _)| name.as_str()).collect();
            figure::print(name, &names, &reports);
        }
    }
    Ok(())
}

/// Each network with each rule left out, and what to call it.
fn load(paths: Vec<PathBuf>, without: &[Option<Rule>]) -> Result<Vec<(String, Models)>> {
    let paths: Vec<Option<PathBuf>> =
        if paths.is_empty() { vec![None] } else { paths.into_iter().map(Some).collect() };
    let mut networks = Vec::new();
    for path in paths {
        for &without in without {
            let settings =
                ModelSettings { path: path.clone(), threads: 2, without, ..ModelSettings::default() };
            let models = Models::load(&settings).context("loading a network")?;
            let name = &models.info().name;
            let name = without.map_or(name.clone(), |rule| format!("without {}", rule.name()));
            networks.push((name, models));
        }
    }
    Ok(networks)
}

/// What is judged lies before the encoder, so small files save time.
fn quick_recipe() -> Recipe {
    Recipe { preview_long_edge: 250, print_long_edge: 1000, ..Recipe::headshot() }
}

/// The lines of a list in `training/`, in its blocks, which begin with comments.
fn listed(file: &str) -> Result<Vec<Vec<String>>> {
    let path = workspace().join("training").join(file);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let blocks = lines.split(|line| line.starts_with('#')).filter(|block| !block.is_empty());
    Ok(blocks.map(|block| block.iter().copied().map(str::to_owned).collect()).collect())
}

/// Says how far a long run has come.
fn progress<T>(name: &str, things: impl ExactSizeIterator<Item = T>) -> impl Iterator<Item = T> {
    let (all, mut done) = (things.len(), 0);
    let name = name.to_owned();
    let mut things = things;
    iter::from_fn(move || {
        if done % 20 == 0 {
            eprintln!("{name}: {done} of {all}");
        }
        done += 1;
        things.next()
    })
}
