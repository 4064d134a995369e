use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use headshot_core::JobId;
use headshot_tests::{Cloud, Dependency, Line, TestApp};
use serde_json::Value;

use super::{all_done_once, photo, task, until, until_counted};

/// Longer than the subscription takes to deliver again what nobody has acknowledged.
const LONG_ENOUGH: Duration = Duration::from_secs(12);

#[test]
fn a_task_that_could_not_be_published_is_published_by_the_sweep() -> Result<()> {
    let Some(cloud) = Cloud::start("a publish that is refused")? else { return Ok(()) };
    let mut app = TestApp::start_with(cloud.options())?;
    cloud.line(Dependency::Queue, Line::Refused)?;
    let ids: Vec<String> = (0..2).map(|_| submit_unpublished(&app)).collect::<Result<_>>()?;
    let log = app.api()?.log();
    ensure!(log.matches("a task could not be published; the sweep will").count() == ids.len(), "{log}");
    // The worker starts while its queue is away, as it may in an outage, and says so.
    app.kill_9_worker()?;
    app.start_worker_unready(0)?;
    cloud.line(Dependency::Queue, Line::Open)?;
    let jobs = all_done_once(&cloud, &app, &ids)?;
    ensure!(jobs.iter().all(|job| job["attempt"] == 1), "{jobs:#?}");
    let published = app.worker_lines();
    let published = published
        .iter()
        .filter(|line| line["message"] == "the job seemed forgotten; its task is published again");
    ensure!(published.count() >= ids.len(), "nobody says that a task was published again");
    Ok(())
}

/// The client hears that the queue is away, and where its job is all the same.
fn submit_unpublished(app: &TestApp) -> Result<String> {
    let answer = app.post(photo())?;
    ensure!(answer.status == 503 && answer.body["code"] == "queue_unavailable", "{answer:?}");
    ensure!(answer.retry_after.is_some_and(|seconds| seconds > 0), "no Retry-After: {answer:?}");
    answer.job_id()
}

#[test]
fn every_task_delivered_three_times_is_rendered_once_and_changes_nothing_afterwards() -> Result<()> {
    let Some(cloud) = Cloud::start("duplicate deliveries")? else { return Ok(()) };
    // No sweep, which would deliver more often than is counted here.
    let options = cloud.options().workers(2).worker("SWEEP_UNTOUCHED_SECONDS", 600);
    let app = TestApp::start_with(options)?;
    let mut ids = Vec::new();
    for _ in 0..10 {
        let id = app.submit(photo())?;
        // At once, so that it may arrive before, with or after the first.
        cloud.publish(&task(&id)?)?;
        ids.push(id);
    }
    let jobs = all_done_once(&cloud, &app, &ids)?;
    for id in &ids {
        cloud.publish(&task(id)?)?;
    }
    until_counted(&app, "already_finished", 20.0)?;
    thread::sleep(LONG_ENOUGH);
    // Acknowledged: none came once more.
    until_counted(&app, "already_finished", 20.0)?;
    until_counted(&app, "done", 10.0)?;
    for before in &jobs {
        let after = app.job(before["job_id"].as_str().context("an id")?)?;
        ensure!(before["attempt"] == 1, "{before:#}");
        for field in ["updated_at", "attempt", "outputs"] {
            ensure!(before[field] == after[field], "{field} changed: {before:#} {after:#}");
        }
    }
    Ok(())
}

#[test]
fn tasks_that_nobody_can_act_on_become_dead_letters_with_a_line_each() -> Result<()> {
    let Some(cloud) = Cloud::start("tasks that nobody can act on")? else { return Ok(()) };
    let mut app = TestApp::start_with(cloud.options())?;
    let nobodys = task(&JobId::new().to_string())?;
    let bodies: [(&[u8], &str); 3] = [
        (b"\xff not a task", "not a task"),
        (br#"{"v":7,"job":"in a later style"}"#, "schema version 7"),
        (&nobodys, "no record"),
    ];
    for (body, _) in &bodies {
        cloud.publish(body)?;
    }
    let mut letters: BTreeMap<String, Value> = BTreeMap::new();
    until("three dead letters", Duration::from_secs(30), || {
        for letter in cloud.dead_letters()? {
            let original = letter["attributes"]["original_message_id"].as_str().context("its first id")?;
            letters.insert(original.to_owned(), letter);
        }
        Ok(letters.len() >= bodies.len())
    })?;
    for (_, reason) in &bodies {
        let of =
            letters.values().filter(|letter| letter["attributes"]["reason"].to_string().contains(reason));
        ensure!(of.count() == 1, "{reason}: {letters:#?}");
    }
    // The worker goes on, and none of them comes again.
    all_done_once(&cloud, &app, &[app.submit(photo())?])?;
    thread::sleep(LONG_ENOUGH);
    until_counted(&app, "unusable", 3.0)?;
    let lines = app.worker_lines();
    let errors: Vec<&Value> = lines.iter().filter(|line| line["severity"] == "ERROR").collect();
    ensure!(errors.len() == 3, "{errors:#?}");
    ensure!(errors.iter().all(|line| line["message"].to_string().contains("dead letters")), "{errors:#?}");
    app.check_alive()
}
