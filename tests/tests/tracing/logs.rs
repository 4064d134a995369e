use anyhow::{Context, Result};
use headshot_tests::{Options, TestApp, drawn_pet};
use serde_json::{Value, json};

use super::{TRACE, lines, post, recorded_trace, traceparent};

const LINK: &str = "logging.googleapis.com/trace";
const SPAN: &str = "logging.googleapis.com/spanId";
const SAMPLED: &str = "logging.googleapis.com/trace_sampled";

#[test]
fn log_lines_lead_to_the_trace_without_any_exporter() -> Result<()> {
    let app = TestApp::start_with(Options::default().both("PROJECT_ID", "pets-4711"))?;
    let followed = post(&app, &drawn_pet(800), &traceparent())?;
    // What is no proper traceparent is nobody's trace.
    let begun = post(&app, &drawn_pet(800), &format!("00-{}-zzzz-01", "f".repeat(32)))?;
    for (id, sampled) in [(&followed, true), (&begun, false)] {
        let done = app.wait_done(id)?;
        assert_eq!(done["status"], "done");
        let trace_id = recorded_trace(&app, id)?;
        assert_eq!(trace_id == TRACE, id == &followed);
        assert_eq!(trace_id.len(), 32);
        for process in [app.api()?, app.worker(0)?] {
            let lines = lines(process, id);
            assert!(!lines.is_empty());
            for line in lines {
                assert_eq!(line[LINK], format!("projects/pets-4711/traces/{trace_id}"), "{line}");
                assert_eq!(line["trace_id"], trace_id.as_str(), "{line}");
                assert_eq!(line[SPAN].as_str().map(str::len), Some(16), "{line}");
                // Nobody records anything here: a link to nothing would only be offered for the client's own trace.
                assert_eq!(line[SAMPLED], sampled, "{line}");
            }
        }
    }
    for process in [app.api()?, app.worker(0)?] {
        let threads = process.threads();
        assert!(threads.iter().all(|name| !name.starts_with("OpenTelemetry")), "{threads:?}");
    }
    Ok(())
}

#[test]
fn few_log_lines_still_say_where_they_belong() -> Result<()> {
    let app =
        TestApp::start_with(Options::default().both("RUST_LOG", "warn,headshot_worker::job::work=debug"))?;
    let id = post(&app, &drawn_pet(800), &traceparent())?;
    app.wait_done(&id)?;
    assert_eq!(lines(app.api()?, &id).len(), 0, "nothing went wrong");
    let lines = lines(app.worker(0)?, &id);
    let stages: Vec<&Value> = lines.iter().filter(|line| line["message"] == "stage done").collect();
    assert_eq!(stages.len(), 2, "fetch and store: {lines:#?}");
    for line in stages {
        assert!(line["duration_ms"].as_f64().is_some_and(|ms| ms >= 0.0), "{line}");
        assert_eq!((&line["trace_id"], line.get(LINK)), (&TRACE.into(), None), "no project, no link: {line}");
        assert!(line.get(SPAN).is_some());
    }
    Ok(())
}

#[test]
fn the_last_line_of_a_job_says_how_long_each_stage_took() -> Result<()> {
    let app = TestApp::start()?;
    let id = app.submit(&drawn_pet(1600))?;
    app.wait_done(&id)?;
    // The line follows the record's last write.
    let worker = app.worker(0)?;
    let mut found = lines(worker, &id);
    for _ in 0..200 {
        if !found.is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        found = lines(worker, &id);
    }
    let lines = found;
    let [line] = lines.as_slice() else { panic!("one line a job: {lines:#?}") };
    let seconds = |name: &str| line[name].as_f64().with_context(|| format!("no {name} in {line}"));
    let mut sum = 0.0;
    for stage in ["fetch", "decode", "matting", "quality", "compose", "foreground", "look", "encode", "store"]
    {
        sum += seconds(&format!("{stage}_seconds"))?;
    }
    let all = seconds("seconds")?;
    assert!(sum > 0.0 && sum <= all + 0.1, "the stages took {sum} s of {all} s");
    Ok(())
}

/// What a request brings is written into the log as values of one line, or not at all.
#[test]
fn nobody_writes_lines_of_their_own_into_the_log() -> Result<()> {
    let forged = r#"{"severity":"ERROR","message":"forged"}"#;
    let app = TestApp::start()?;
    let client = app.client();
    let encoded: String = forged.bytes().map(|byte| format!("%{byte:02x}")).collect();
    // In paths, queries, headers, JSON and the photo itself; with line ends where the client lets them through.
    client.get(&format!("/%0a{encoded}%0a?x=%0a{encoded}"))?;
    client.get(&format!("/headshot/%0d%0a{encoded}"))?;
    client.get(&format!("/admin/jobs?status=%0a{encoded}"))?;
    for name in ["x-request-id", "traceparent", "authorization", "idempotency-key", "user-agent"] {
        client.post_with(&drawn_pet(200), &[(name, forged)])?;
    }
    for body in [json!({"upload_id": format!("\n{forged}\n")}), json!({format!("\n{forged}\n"): 1})] {
        client.post_json("/headshot-async", &body, &[])?;
    }
    client.post(format!("\n{forged}\n").as_bytes())?;
    let id = app.submit_to(&format!("/headshot-async?order_id={encoded}"), &drawn_pet(800))?;
    app.wait_done(&id)?;

    for process in [app.api()?, app.worker(0)?] {
        for line in process.log().lines() {
            let line: Value =
                serde_json::from_str(line).with_context(|| format!("no line of ours: {line}"))?;
            assert_ne!(line["message"], "forged", "{line}");
        }
    }
    Ok(())
}
