//! A request's trace goes through both programs, into their logs and to a collector, and never gets in anybody's way.

mod collector_away;
mod logs;
mod one_trace;
mod sweep;

use anyhow::{Context, Result};
use headshot_tests::{Answer, Collector, Options, Process, TestApp};
use rusqlite::Connection;
use serde_json::Value;

/// A client's own trace and the span of it that calls.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn traceparent() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

/// Both programs send to this collector, soon.
fn exporting(collector: &Collector) -> Options {
    let options = Options::default().both("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint());
    options.both("OTEL_BSP_SCHEDULE_DELAY", 100)
}

fn post(app: &TestApp, photo: &[u8], traceparent: &str) -> Result<String> {
    let answer: Answer = app.post_with(photo, &[("traceparent", traceparent)])?;
    answer.job_id()
}

/// The log lines about one job.
fn lines(process: &Process, job_id: &str) -> Vec<Value> {
    let log = process.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["job_id"] == job_id).collect()
}

/// The local backend's database, to look at what only support sees and to break what only a crash breaks.
fn database(app: &TestApp) -> Result<Connection> {
    let connection = Connection::open(app.data_dir().join("data/headshot.sqlite3"))?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    Ok(connection)
}

fn recorded_trace(app: &TestApp, job_id: &str) -> Result<String> {
    let document: String =
        database(app)?.query_row("SELECT document FROM jobs WHERE id = ?1", [job_id], |row| row.get(0))?;
    let record: Value = serde_json::from_str(&document)?;
    Ok(record["trace_id"].as_str().context("no trace in the record")?.to_owned())
}
