//! A GPU is asked for where there is none: the ordinary build of the worker, which knows no CUDA, on any machine.

use std::process::Command;

use anyhow::{Context, Result};
use headshot_tests::{Options, TestApp, binary, drawn_pet, runtime_library};
use serde_json::Value;
use tempfile::TempDir;

const WHY: &str = "this program was built without it";

#[test]
fn the_worker_refuses_to_start_and_says_why() -> Result<()> {
    let folder = TempDir::new()?;
    let output = Command::new(binary("headshot-worker"))
        .env_clear()
        .env("ORT_DYLIB_PATH", runtime_library())
        .env("ORT_CUDA", "1")
        .env("PORT", "0")
        .current_dir(folder.path())
        .output()?;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    for sentence in [
        "ORT_CUDA=1 asks for CUDA, which cannot be used",
        WHY,
        "set ORT_CUDA_FALLBACK=cpu to serve on the CPU",
        "or unset ORT_CUDA",
    ] {
        assert!(said.contains(sentence), "{sentence} is missing in: {said}");
    }
    Ok(())
}

#[test]
fn where_it_may_it_serves_on_the_cpu_and_says_so_everywhere() -> Result<()> {
    let app =
        TestApp::start_with(Options::default().worker("ORT_CUDA", 1).worker("ORT_CUDA_FALLBACK", "cpu"))?;
    let done = app.wait_done(&app.submit(&drawn_pet(800))?)?;
    assert_eq!(done["status"], "done");

    let ready = app.worker_readiness(0)?;
    assert_eq!(ready.status, 200);
    let ready = ready.body;
    assert_eq!(ready["provider"], "cpu");
    assert_eq!(ready["cuda"], format!("asked for, and cannot be used: {WHY}"));

    assert_eq!(app.worker_metric(0, r#"headshot_active_provider{provider="cpu"}"#)?, 1.0);
    assert_eq!(app.worker_metric(0, "headshot_cuda_missing")?, 1.0);

    let lines = app.worker_lines();
    let is_warning = |line: &&Value| line["severity"] == "WARNING" && line["reason"] == WHY;
    let warning = lines.iter().find(is_warning).context("no warning in the log")?;
    assert!(warning["message"].as_str().is_some_and(|m| m.contains("rendered on the CPU")), "{warning:#}");
    Ok(())
}

#[test]
fn doctor_says_it_too() -> Result<()> {
    let folder = TempDir::new()?;
    let doctor = |fallback: &str| {
        Command::new(binary("headshot-worker"))
            .env_clear()
            .env("ORT_DYLIB_PATH", runtime_library())
            .current_dir(folder.path())
            .args(["doctor", "--ort-cuda", "1", "--ort-cuda-fallback", fallback])
            .output()
    };
    let refused = doctor("refuse")?;
    let said = String::from_utf8_lossy(&refused.stdout);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("WRONG  model and onnx runtime") && said.contains(WHY), "{said}");

    let allowed = doctor("cpu")?;
    let said = String::from_utf8_lossy(&allowed.stdout);
    assert!(allowed.status.success(), "{said}");
    let note = said.lines().find(|line| line.starts_with("note   onnx runtime: ")).context("no note")?;
    assert!(note.contains("ORT_CUDA_FALLBACK=cpu") && note.contains(WHY), "{note}");
    assert!(said.contains("running on cpu"), "{said}");
    Ok(())
}
