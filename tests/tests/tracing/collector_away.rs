use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use headshot_tests::{
    Collector, Manner, Options, TestApp, binary, check_pictures, drawn_pet, runtime_library,
};
use tempfile::TempDir;

use super::{exporting, post, traceparent};

/// Many jobs with every batch sent at once, so that the collector's manner would be felt.
fn nobody_notices(options: Options) -> Result<()> {
    let mut app = TestApp::start_with(options.both("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1))?;
    let photo = drawn_pet(800);
    let mut slowest = Duration::ZERO;
    let mut ids = Vec::new();
    for _ in 0..8 {
        let sent = Instant::now();
        ids.push(post(&app, &photo, &traceparent())?);
        slowest = slowest.max(sent.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "an upload took {slowest:?}");
    for id in &ids {
        let job = app.wait_done(id)?;
        assert_eq!(job["attempt"], 1);
    }
    check_pictures(&app, &app.job(ids.first().context("eight jobs")?)?)?;
    for process in [app.take_worker(0)?, app.take_api()?] {
        let log = process.log();
        let warnings = log.lines().filter(|line| line.contains("WARNING") || line.contains("ERROR"));
        let warnings: Vec<&str> = warnings.collect();
        let [warning] = warnings[..] else { panic!("one warning is enough: {warnings:#?}") };
        assert!(warning.contains("the collector does not take traces"), "{warning}");
        let asked = Instant::now();
        assert_eq!(process.terminate(Duration::from_secs(8))?.code(), Some(0));
        // The two seconds that the last spans are given, and what stopping takes anyway.
        assert!(asked.elapsed() < Duration::from_secs(4), "stopping took {:?}", asked.elapsed());
    }
    Ok(())
}

#[test]
fn a_collector_that_never_answers_is_felt_by_nobody() -> Result<()> {
    let collector = Collector::start(Manner::Stalls)?;
    // So short that its silence is known, and said once, before the jobs are through.
    nobody_notices(exporting(&collector).both("OTEL_EXPORTER_OTLP_TIMEOUT", 300))?;
    assert!(collector.connections() >= 2, "both programs tried");
    Ok(())
}

#[test]
fn a_collector_that_refuses_is_felt_by_nobody() -> Result<()> {
    let collector = Collector::start(Manner::Refuses)?;
    nobody_notices(exporting(&collector))?;
    assert_eq!(collector.spans().len(), 0);
    Ok(())
}

#[test]
fn a_collector_that_is_not_there_is_felt_by_nobody() -> Result<()> {
    let nowhere = Options::default().both("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    nobody_notices(nowhere.both("OTEL_BSP_SCHEDULE_DELAY", 100))
}

#[test]
fn a_stalled_collector_does_not_hold_the_end_beyond_the_grace_period() -> Result<()> {
    let collector = Collector::start(Manner::Stalls)?;
    // With ten seconds per try, the exporter is in the middle of one when the end comes.
    let options = exporting(&collector).both("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000).both("GRACE_SECONDS", 0);
    let mut app = TestApp::start_with(options)?;
    let id = app.submit(&drawn_pet(800))?;
    app.wait_done(&id)?;
    for process in [app.take_worker(0)?, app.take_api()?] {
        let asked = Instant::now();
        assert_eq!(process.terminate(Duration::from_secs(8))?.code(), Some(0));
        assert!(asked.elapsed() < Duration::from_millis(1900), "stopping took {:?}", asked.elapsed());
    }
    Ok(())
}

#[test]
fn what_cannot_be_done_is_refused_at_the_start() -> Result<()> {
    let folder = TempDir::new()?;
    for program in ["headshot-api", "headshot-worker"] {
        let output = Command::new(binary(program))
            .env_clear()
            .envs([("ORT_DYLIB_PATH", runtime_library().as_os_str())])
            .envs([("PORT", "0"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")])
            .envs([("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_TRACES_SAMPLER", "xray")])
            .current_dir(folder.path())
            .output()
            .with_context(|| format!("starting {program}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{said}");
        for name in ["OTEL_EXPORTER_OTLP_PROTOCOL is \"grpc\"", "OTEL_TRACES_SAMPLER is \"xray\""] {
            assert!(said.contains(name), "{program}: {said}");
        }
    }
    Ok(())
}
