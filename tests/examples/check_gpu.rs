//! Compares pictures, time and memory on a GPU with those on the CPU: `check_gpu PHOTO…`.
//!
//! `infra/check-gpu` runs it. `ORT_DYLIB_PATH` names the GPU build of ONNX Runtime. Exits with 1 where the
//! same photo gives other bytes at a second run, or the print differs from the CPU's by more than [`MOST`].

use std::env;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use headshot_core::{Recipe, Rendition};
use headshot_pipeline::{Cuda, ModelSettings, Models, Outcome, process};
use headshot_tests::observe;

/// How many jobs are rendered at a time.
const AT_A_TIME: [usize; 3] = [1, 4, 8];
/// So many photos are rendered for a figure, at least.
const RENDERED: usize = 24;
/// The mean difference of a print's levels, of 255, up to which it is the same picture.
const MOST: f64 = 1.0;

/// Levels of 0 to 255.
#[derive(Default)]
struct Difference {
    largest: u8,
    mean: f64,
}

fn main() -> Result<()> {
    let paths: Vec<String> = env::args().skip(1).collect();
    ensure!(!paths.is_empty(), "say which photos shall be rendered");
    let read = |path: &String| Ok((path.clone(), fs::read(path).with_context(|| path.clone())?));
    let photos = paths.iter().map(read).collect::<Result<Vec<_>>>()?;
    let load = |cuda| Models::load(&ModelSettings { cuda, threads: 1, ..ModelSettings::default() });
    let cpu = load(Cuda::Off).context("on the CPU")?;
    let gpu = load(Cuda::OrRefuse).context("on the GPU")?;

    println!("| photo | matte: largest, mean difference | print: largest, mean |\n|---|---|---|");
    let mut apart = Vec::new();
    for (path, bytes) in &photos {
        let ([on_cpu, on_gpu], prints) = (mattes(bytes, &cpu, &gpu)?, prints(bytes, &cpu, &gpu)?);
        let matte = difference(&on_cpu, &on_gpu);
        let Some([on_cpu, on_gpu]) = prints else {
            println!("| {path} | {}, {:.3} | refused by both |", matte.largest, matte.mean);
            continue;
        };
        let print = difference(&on_cpu, &on_gpu);
        println!("| {path} | {}, {:.3} | {}, {:.3} |", matte.largest, matte.mean, print.largest, print.mean);
        if print.mean > MOST {
            apart.push(path.as_str());
        }
    }
    let once = |models| photos.iter().map(|(_, bytes)| png(bytes, models)).collect::<Result<Vec<_>>>();
    let same = once(&gpu)? == once(&gpu)?;
    println!("\nthe same bytes at a second run on the GPU: {}", if same { "yes" } else { "NO" });

    println!(
        "\n| at a time | CPU, photos a second | GPU, photos a second | resident MB | GPU MB |\n|---|---|---|---|---|"
    );
    let mut best = [0.0f64; 2];
    for jobs in AT_A_TIME {
        let speeds = [rate(&photos, &cpu, jobs)?, rate(&photos, &gpu, jobs)?];
        let gpu_mb = gpu_memory_mb().map_or("not told by nvidia-smi".to_owned(), |mb| format!("{mb:.0}"));
        println!("| {jobs} | {:.2} | {:.2} | {:.0} | {gpu_mb} |", speeds[0], speeds[1], resident_mb());
        best = [best[0].max(speeds[0]), best[1].max(speeds[1])];
    }
    println!("\na GPU renders {:.2} times as many photos as these cores alone", best[1] / best[0]);
    println!("RATIO {:.4}", best[1] / best[0]);
    ensure!(
        same,
        "the GPU gives other bytes at a second run: I8 of docs/ARCHITECTURE.md does not hold on it"
    );
    ensure!(apart.is_empty(), "the print is another picture than the CPU's: {}", apart.join(", "));
    Ok(())
}

fn mattes(bytes: &[u8], cpu: &Models, gpu: &Models) -> Result<[Vec<u8>; 2]> {
    let matte = |models| -> Result<Vec<u8>> {
        let (_, seen) = observe(bytes, &Recipe::headshot(), models)?;
        Ok(seen.context("the photo cannot be opened")?.matte.alpha)
    };
    Ok([matte(cpu)?, matte(gpu)?])
}

/// Grey and alpha of both prints; `None` where both refuse the photo.
fn prints(bytes: &[u8], cpu: &Models, gpu: &Models) -> Result<Option<[Vec<u8>; 2]>> {
    let pixels =
        |png: Vec<u8>| Ok::<_, anyhow::Error>(image::load_from_memory(&png)?.into_luma_alpha8().into_raw());
    match (png(bytes, cpu)?, png(bytes, gpu)?) {
        (Some(on_cpu), Some(on_gpu)) => Ok(Some([pixels(on_cpu)?, pixels(on_gpu)?])),
        (None, None) => Ok(None),
        _ => bail!("one of CPU and GPU refuses the photo"),
    }
}

fn png(bytes: &[u8], models: &Models) -> Result<Option<Vec<u8>>> {
    match process(bytes, &Recipe::headshot(), models, &|_| ())? {
        Outcome::Rejected(_) => Ok(None),
        Outcome::Rendered(rendered) => {
            let print = rendered.artefacts.into_iter().find(|made| made.rendition == Rendition::Print);
            Ok(Some(print.context("there is no print")?.png))
        }
    }
}

fn difference(one: &[u8], other: &[u8]) -> Difference {
    if one.len() != other.len() {
        return Difference { largest: 255, mean: 255.0 };
    }
    let apart = || one.iter().zip(other).map(|(a, b)| a.abs_diff(*b));
    let sum: u64 = apart().map(u64::from).sum();
    Difference { largest: apart().max().unwrap_or(0), mean: sum as f64 / one.len().max(1) as f64 }
}

/// Photos a second with so many jobs at a time, after one round that does not count.
fn rate(photos: &[(String, Vec<u8>)], models: &Models, jobs: usize) -> Result<f64> {
    png(&photos[0].1, models)?;
    let each = RENDERED.div_ceil(jobs);
    let job = |first: usize| {
        (0..each).try_for_each(|i| png(&photos[(first + i * jobs) % photos.len()].1, models).map(drop))
    };
    let began = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|first| scope.spawn(move || job(first))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no job panics"))
    })?;
    Ok((each * jobs) as f64 / began.elapsed().as_secs_f64())
}

fn resident_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

/// What this process holds on the GPU. In a container `nvidia-smi` may not see whose memory it is.
fn gpu_memory_mb() -> Option<f64> {
    let query = ["--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"];
    let output = Command::new("nvidia-smi").args(query).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let own = std::process::id().to_string();
    said.lines().find_map(|line| line.strip_prefix(&own)?.trim_start_matches(',').trim().parse().ok())
}
