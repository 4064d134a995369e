//! The log lines of a process whose standard error is not a terminal, as Cloud Logging reads them.

use std::process::{Command, Output};

use serde_json::Value;
use tracing::{Instrument, info, info_span, warn};

#[test]
fn every_line_is_one_flat_object() {
    let lines = lines(&child("logs", "info,hyper=off"));
    let find = |message: &str| lines.iter().find(|line| line["message"] == message).expect(message);

    let inner = find("the matte is done");
    assert_eq!(inner["severity"], "INFO");
    assert_eq!(inner["service"], "headshot-test");
    assert_eq!(inner["target"], "telemetry");
    assert_eq!(
        (&inner["job_id"], &inner["stage"]),
        (&"j-1".into(), &"matting".into()),
        "from the spans around it"
    );
    assert_eq!((&inner["attempt"], &inner["duration_ms"]), (&2.into(), &31.5.into()), "numbers stay numbers");
    assert_eq!(inner["outcome"], "sure", "a field may be filled in later");
    assert!(inner["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    let location = &inner["logging.googleapis.com/sourceLocation"];
    assert!(location["file"].as_str().unwrap().ends_with("tests/telemetry.rs"));
    assert!(location["line"].is_string());

    let link = inner["logging.googleapis.com/trace"].as_str().unwrap();
    assert_eq!(link.strip_prefix("projects/pets/traces/").map(str::len), Some(32), "{link}");

    let outer = find("the task is slow\nvery \"slow\"");
    assert_eq!((&outer["severity"], &outer["stage"]), (&"WARNING".into(), &"overridden".into()));
    assert_eq!(outer["job_id"], "j-1");
    for field in ["trace", "spanId", "trace_sampled"].map(|name| format!("logging.googleapis.com/{name}")) {
        assert_eq!(
            inner[&field], outer[&field],
            "a span that is not ours stands in the trace of ours around it"
        );
        assert!(outer.get(&field).is_some(), "{field}");
    }
    assert!(lines.iter().all(|line| line["message"] != "too detailed"));

    let panic = lines.iter().find(|line| line["severity"] == "ERROR").expect("the panic is logged");
    assert!(panic["message"].as_str().unwrap().contains("the worker fell over"));
    assert!(panic.get("logging.googleapis.com/trace").is_none(), "in no span, in no trace");
    assert!(panic["location"].as_str().unwrap().contains("telemetry.rs"));
}

#[test]
fn a_bad_filter_is_an_error() {
    let output = child("logs", "info,=nonsense=");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("RUST_LOG"), "{text}");
}

#[tokio::test]
#[ignore = "a child process of the tests above"]
async fn logs() {
    let _guard = headshot_backend::telemetry::init("headshot-test", Some("pets")).unwrap();
    let job = info_span!(target: "headshot_worker", "job", job_id = %"j-1", attempt = 2, outcome = tracing::field::Empty);
    async {
        tracing::Span::current().record("outcome", "sure");
        async { info!(duration_ms = 31.5, "the matte is done") }
            .instrument(info_span!("stage", stage = "matting"))
            .await;
        warn!(stage = "overridden", severity = "forged", "the task is slow\nvery \"slow\"");
        tracing::debug!("too detailed");
    }
    .instrument(job)
    .await;
    let fallen = std::thread::spawn(|| panic!("the worker fell over")).join();
    assert!(fallen.is_err());
}

fn child(name: &str, filter: &str) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name, "--exact", "--ignored", "--nocapture"]).env("RUST_LOG", filter).output().unwrap()
}

/// Standard error, in which every line must be JSON.
fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}
