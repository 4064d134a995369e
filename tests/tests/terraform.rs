//! `terraform/` speaks of programs that it never sees: of their settings by name, and of their log lines by message. Here
//! both are held against the programs themselves.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use headshot_tests::{TestApp, binary, drawn_pet, runtime_library};
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::Value;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(repository().join(path)).with_context(|| path.to_owned())
}

/// The names of settings in one of the maps of `settings.tf`.
fn passed(map: &str) -> Result<BTreeSet<String>> {
    let source = read("terraform/settings.tf")?;
    let start = format!("  {map} = ");
    let lines = source.lines().skip_while(|line| !line.starts_with(&start)).skip(1);
    // The map ends with a line that is indented as its first one.
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with("   "));
    let names = lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim().to_owned());
    let setting =
        |name: &String| name.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_');
    let names: BTreeSet<String> = names.filter(setting).collect();
    ensure!(!names.is_empty(), "there is no {map} in terraform/settings.tf");
    Ok(names)
}

/// What the API is given, and what the worker is given, whatever the variables say.
fn passed_to_programs() -> Result<[BTreeSet<String>; 2]> {
    let worker = ["worker_settings", "gpu_settings", "model_settings", "webhook_settings"].map(passed);
    let worker = worker.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    let api = ["api_settings", "access_settings"].map(passed);
    Ok([api.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect(), worker])
}

/// The names of the settings in a program's help, each of which stands behind `[env: `.
fn settings_of(program: &str, arguments: &[&str]) -> Result<BTreeSet<String>> {
    let help = Command::new(binary(program)).args(arguments).arg("--help").env_clear().output()?;
    let help: Vec<&str> = std::str::from_utf8(&help.stdout)?.split_whitespace().collect();
    let help = help.join(" ");
    let behind = help.split("[env: ").skip(1);
    let names: BTreeSet<String> =
        behind.filter_map(|rest| rest.split_once('=')).map(|(name, _)| name.into()).collect();
    ensure!(names.len() > 10, "{program} explains its settings: {names:?}");
    Ok(names)
}

/// The names that a program asks for when it is started for Google Cloud with nothing else.
fn demanded_by(program: &str) -> Result<BTreeSet<String>> {
    let mut command = Command::new(binary(program));
    command.env_clear().env("ORT_DYLIB_PATH", runtime_library()).env("BACKEND", "gcp").env("PORT", "0");
    let output = command.output().with_context(|| format!("starting {program}"))?;
    ensure!(!output.status.success(), "{program} starts without a single name");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let words =
        said.split(" is not set").map(|before| before.rsplit(|c: char| !c.is_ascii_uppercase() && c != '_'));
    let names = words.filter_map(|mut words| words.next().map(str::to_owned));
    let names: BTreeSet<String> = names.filter(|name| name.len() > 3).collect();
    ensure!(names.contains("PROJECT_ID"), "{program} says what it misses: {said}");
    Ok(names)
}

#[test]
fn every_setting_that_is_passed_is_one_that_the_program_has() -> Result<()> {
    let [api, worker] = passed_to_programs()?;
    let unknown: Vec<_> = api.difference(&settings_of("headshot-api", &[])?).cloned().collect();
    assert_eq!(unknown, Vec::<String>::new(), "headshot-api has no such settings");
    // What glibc reads before the program is there.
    let mut known = settings_of("headshot-worker", &["run"])?;
    known.insert("GLIBC_TUNABLES".into());
    let unknown: Vec<_> = worker.difference(&known).cloned().collect();
    assert_eq!(unknown, Vec::<String>::new(), "headshot-worker has no such settings");
    Ok(())
}

#[test]
fn every_setting_that_a_program_demands_is_passed() -> Result<()> {
    let [api, worker] = passed_to_programs()?;
    for (program, passed) in [("headshot-api", api), ("headshot-worker", worker)] {
        let missing: Vec<_> = demanded_by(program)?.difference(&passed).cloned().collect();
        assert_eq!(missing, Vec::<String>::new(), "{program} does not start without these");
    }
    Ok(())
}

#[test]
fn settings_of_traces_are_those_of_the_page_on_telemetry() -> Result<()> {
    let page = read("docs/telemetry.md")?;
    for name in [passed("trace_settings")?, passed("secret_settings")?].into_iter().flatten() {
        assert!(page.contains(&format!("`{name}`")), "docs/telemetry.md does not know {name}");
    }
    Ok(())
}

#[test]
fn the_worker_gets_its_memory_as_everywhere_else() -> Result<()> {
    let tunables = read("infra/worker.tunables")?;
    let line = format!("GLIBC_TUNABLES = \"{}\"", tunables.trim());
    assert!(read("terraform/settings.tf")?.contains(&line), "terraform/settings.tf must have {line}");
    Ok(())
}

/// A metric of `log_metrics.tf`: which message it counts, whole or as a part, and which fields it reads.
struct LogMetric {
    message: String,
    whole: bool,
    fields: Vec<String>,
}

fn log_metrics() -> Result<Vec<LogMetric>> {
    let source = read("terraform/log_metrics.tf")?;
    let blocks = source.split("\nresource \"google_logging_metric\"").skip(1);
    let metrics = blocks.map(|block| {
        let (_, behind) = block.split_once("jsonPayload.message").context("a filter by message")?;
        // =\"whole\" or :\"part\", escaped as in any string of Terraform's.
        let message = behind.split("\\\"").nth(1).context("a message in quotes")?;
        let fields = block.split("EXTRACT(jsonPayload.").skip(1).filter_map(|rest| rest.split_once(')'));
        Ok(LogMetric {
            message: message.to_owned(),
            whole: behind.starts_with('='),
            fields: fields.map(|(field, _)| field.to_owned()).collect(),
        })
    });
    let metrics = metrics.collect::<Result<Vec<_>>>()?;
    ensure!(metrics.len() == 5, "five metrics are read from log lines, not {}", metrics.len());
    Ok(metrics)
}

#[test]
fn metrics_count_lines_that_the_programs_write() -> Result<()> {
    let app = TestApp::start()?;
    app.wait_done(&app.submit(&drawn_pet(800))?)?;
    let mut lawn = Vec::new();
    RgbImage::from_pixel(800, 600, Rgb([90, 140, 70]))
        .write_to(&mut Cursor::new(&mut lawn), ImageFormat::Png)?;
    app.wait_ended(&app.submit(&lawn)?)?;

    // A job's document is written before the line that says so.
    let metrics: Vec<_> = log_metrics()?.into_iter().filter(|metric| metric.whole).collect();
    let says = |lines: &[Value], message: &str| lines.iter().any(|line| line["message"] == message);
    let lines = app.lines_until(|lines| metrics.iter().all(|metric| says(lines, &metric.message)))?;
    let services: BTreeSet<&str> = lines.iter().filter_map(|line| line["service"].as_str()).collect();
    assert_eq!(services, BTreeSet::from(["headshot-api", "headshot-worker"]));
    for metric in &metrics {
        for line in lines.iter().filter(|line| line["message"] == metric.message.as_str()) {
            for field in &metric.fields {
                assert!(!line[field].is_null(), "{field} is missing in {line}");
            }
        }
    }
    let polled = lines.iter().any(|line| line["message"] == "answered" && line["route"] == "/headshot/{id}");
    assert!(polled, "the alert on latency is about a route that is not in the log");
    Ok(())
}

/// That a job is given up takes a defect, so here the words are looked for where they are written.
#[test]
fn metrics_of_what_hardly_ever_happens_count_lines_that_are_written_somewhere() -> Result<()> {
    let sources = ["crates/worker/src/job/settle.rs", "crates/worker/src/queue/sweep.rs"].map(read);
    let sources = sources.into_iter().collect::<Result<Vec<_>>>()?;
    for metric in log_metrics()?.into_iter().filter(|metric| !metric.whole) {
        for source in &sources {
            assert!(source.contains(&metric.message), "nobody writes {}", metric.message);
        }
    }
    Ok(())
}
