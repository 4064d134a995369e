//! Files that decoders meet in the wild, through the front door.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, bail};
use headshot_tests::{Options, TestApp, shared, shared_files};
use serde_json::Value;

/// How one file ended.
enum End {
    /// Not accepted: status and code.
    NotAccepted(u16, String),
    /// Done, or failed with a code.
    Job(String),
}

#[test]
fn every_file_of_the_corpus_ends_done_or_refused_with_a_reason() -> Result<()> {
    let Some(folder) = shared("corpus") else { return Ok(()) };
    // What comes out is looked at elsewhere; small pictures save most of the time.
    let options = Options::default().worker("PREVIEW_LONG_EDGE", 200).worker("PRINT_LONG_EDGE", 500);
    let app = TestApp::start_with(options.worker("WORKER_CONCURRENCY", 2).worker("JOB_LEASE_SECONDS", 30))?;
    let files = shared_files(&folder);
    let next = AtomicUsize::new(0);
    let ends = Mutex::new(Vec::new());
    let client = app.client();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let end = end_of(&client, file).with_context(|| file.display().to_string());
                    if let Ok(mut ends) = ends.lock() {
                        ends.push((file.clone(), end));
                    }
                }
            });
        }
    });

    let mut table: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (file, end) in ends.into_inner()? {
        match end {
            Ok(End::Job(code)) => *table.entry(format!("202, then {code}")).or_default() += 1,
            Ok(End::NotAccepted(status, code)) => *table.entry(format!("{status} {code}")).or_default() += 1,
            Err(error) => wrong.push(format!("{}: {error:#}", file.display())),
        }
    }
    println!("{} files:", files.len());
    for (end, files) in &table {
        println!("{files:5}  {end}");
    }
    assert!(wrong.is_empty(), "{} files ended otherwise:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(table.values().sum::<usize>(), files.len());

    let slowest = seconds_of_jobs(&app.worker(0)?.log()).into_iter().fold(0.0, f64::max);
    println!("the slowest job took {slowest} s");
    assert!(slowest < 20.0, "a job took {slowest} s");
    Ok(())
}

fn end_of(client: &headshot_tests::Client, file: &PathBuf) -> Result<End> {
    let bytes = fs::read(file)?;
    let answer = client.post(&bytes)?;
    match answer.status {
        202 => {
            let job = client.wait_ended(&answer.job_id()?)?;
            if job["attempt"] != 1 {
                bail!("it took {} attempts: {job:#}", job["attempt"]);
            }
            if job["status"] == "done" {
                return Ok(End::Job("done".into()));
            }
            let (code, message) = (text(&job["error"]["code"]), text(&job["error"]["message"]));
            if code.is_empty() || code == "internal" || message.len() < 20 {
                bail!("failed without a reason that a customer understands: {job:#}");
            }
            Ok(End::Job(code))
        }
        status @ 400..=499 => {
            let code = answer.code().with_context(|| format!("a refusal without a code: {answer:?}"))?;
            Ok(End::NotAccepted(status, code.to_owned()))
        }
        status => bail!("answered with {status}: {}", answer.body),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn seconds_of_jobs(log: &str) -> Vec<f64> {
    log.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| text(&line["message"]).starts_with("finished:"))
        .filter_map(|line| line["seconds"].as_f64())
        .collect()
}
