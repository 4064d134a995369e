//! What is accepted is rendered, once, whatever dies on the way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use headshot_tests::{Options, TestApp, drawn_pet};
use rusqlite::Connection;
use serde_json::Value;

/// Small, because these tests are about processes and not about pixels.
fn photo() -> Vec<u8> {
    drawn_pet(800)
}

fn is(job: &Value, status: &str) -> bool {
    job["status"] == status
}

/// How often each job was finished, by the workers' own word.
fn finished(log: &str) -> HashMap<String, usize> {
    let mut jobs = HashMap::new();
    for line in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let message = line["message"].as_str().unwrap_or_default();
        if let Some(id) = line["job_id"].as_str().filter(|_| message.starts_with("finished:")) {
            *jobs.entry(id.to_owned()).or_default() += 1;
        }
    }
    jobs
}

fn nothing_is_left_in_the_queue(app: &TestApp) -> Result<()> {
    for _ in 0..100 {
        let states = ["ready", "delayed", "leased", "dead"];
        let left =
            states.map(|state| app.worker_metric(0, &format!("headshot_queue_depth{{state=\"{state}\"}}")));
        if left.into_iter().sum::<Result<f64>>()? == 0.0 {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!("there are tasks left in the queue")
}

#[test]
fn kill_9_of_the_worker_in_the_middle_of_twenty_jobs_loses_none_and_doubles_none() -> Result<()> {
    let mut app = TestApp::start_with(Options::default().worker("WORKER_CONCURRENCY", 2))?;
    let photo = photo();
    let ids: Vec<String> = (0..20).map(|_| app.submit(&photo)).collect::<Result<_>>()?;
    // In the middle: some are done, and one is being rendered at this very moment.
    app.wait(ids.get(4).context("twenty jobs")?, |job| is(job, "done"))?;
    let count = |status| ids.iter().filter(|id| app.job(id).is_ok_and(|job| is(&job, status))).count();
    while count("processing") == 0 {
        assert!(count("done") < 20, "the worker was quicker than this test");
    }
    app.kill_9_worker()?;
    let done_before = count_done(&app, &ids)?;
    assert!((1..20).contains(&done_before), "{done_before} were done when the worker was killed");
    app.start_worker(0)?;

    let jobs: Vec<Value> = ids.iter().map(|id| app.wait_done(id)).collect::<Result<_>>()?;
    nothing_is_left_in_the_queue(&app)?;
    // Only what the killed worker held was begun a second time.
    let repeated = jobs.iter().filter(|job| job["attempt"] == 2).count();
    assert!(jobs.iter().all(|job| job["attempt"] == 1 || job["attempt"] == 2), "{jobs:#?}");
    assert!(repeated <= 2, "{repeated} jobs were begun twice, although only two were in hand");
    // Both workers wrote to one log. The killed one may have died between the record and the log line.
    let finished = finished(&app.worker(0)?.log());
    assert!(finished.values().all(|times| *times == 1), "{finished:?}");
    assert!(finished.len() >= 18, "{finished:?}");
    println!("{done_before} done before the kill, {repeated} begun again, 20 done in the end, none twice");
    Ok(())
}

fn count_done(app: &TestApp, ids: &[String]) -> Result<usize> {
    let jobs: Vec<Value> = ids.iter().map(|id| app.job(id)).collect::<Result<_>>()?;
    Ok(jobs.iter().filter(|job| is(job, "done")).count())
}

#[test]
fn every_202_ends_done_although_the_api_is_killed_during_uploads() -> Result<()> {
    const UPLOADS: usize = 40;
    let mut app = TestApp::start_with(Options::default().workers(2))?;
    let photo = photo();
    let (sent, all_sent) = (AtomicUsize::new(0), AtomicBool::new(false));
    let client = app.client();
    let mut kills = 0;
    let (accepted, refused) = thread::scope(|scope| -> Result<(Vec<String>, usize)> {
        let upload = || {
            let (mut accepted, mut broken) = (Vec::new(), 0);
            while sent.fetch_add(1, Ordering::Relaxed) < UPLOADS {
                match client.submit(&photo) {
                    Ok(id) => accepted.push(id),
                    // No answer: the client would send its photo again.
                    Err(_) => {
                        broken += 1;
                        thread::sleep(Duration::from_millis(100));
                    }
                }
            }
            all_sent.store(true, Ordering::Relaxed);
            (accepted, broken)
        };
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(upload)).collect();
        while !all_sent.load(Ordering::Relaxed) && kills < 5 {
            // Not in step with anything, so that it hits uploads at different moments.
            thread::sleep(Duration::from_millis(37 + 61 * kills));
            app.kill_9_api()?;
            kills += 1;
            app.start_api()?;
        }
        let mut all = (Vec::new(), 0);
        for client in clients {
            let Ok((accepted, broken)) = client.join() else { bail!("a client panicked") };
            all.0.extend(accepted);
            all.1 += broken;
        }
        Ok(all)
    })?;
    println!("{kills} kills: {} uploads were accepted, {refused} broke off", accepted.len());
    assert!(kills > 0 && !accepted.is_empty());
    for id in &accepted {
        app.wait_done(id)?;
    }
    Ok(())
}

#[test]
fn a_job_that_no_worker_could_be_told_of_is_named_kept_and_rendered_once_the_queue_is_back() -> Result<()> {
    let sweep = Options::default().worker("SWEEP_INTERVAL_SECONDS", 1).worker("SWEEP_UNTOUCHED_SECONDS", 1);
    let app = TestApp::start_with(sweep)?;
    let database = Connection::open(app.data_dir().join("data/headshot.sqlite3"))?;
    database.busy_timeout(Duration::from_secs(10))?;
    database.execute_batch("ALTER TABLE tasks RENAME TO hidden")?;
    let answer = app.post(&photo())?;
    assert_eq!((answer.status, answer.code()), (503, Some("queue_unavailable")), "{answer:?}");
    assert!(answer.retry_after.is_some_and(|seconds| seconds > 0), "{answer:?}");
    let id = answer.job_id()?;
    assert_eq!(answer.location.as_deref(), Some(format!("/headshot/{id}").as_str()));
    assert!(is(&app.job(&id)?, "queued"));
    assert_eq!(app.api_metric("headshot_uploads_accepted_total")?, 1.0);

    database.execute_batch("ALTER TABLE hidden RENAME TO tasks")?;
    app.wait_done(&id)?;
    Ok(())
}

#[test]
fn a_damaged_record_is_a_500_and_its_task_is_set_aside_for_a_person() -> Result<()> {
    let mut app = TestApp::start()?;
    app.kill_9_worker()?;
    let id = app.submit(&photo())?;
    let database = Connection::open(app.data_dir().join("data/headshot.sqlite3"))?;
    database.busy_timeout(Duration::from_secs(10))?;
    database.execute("UPDATE jobs SET document = '{' WHERE id = ?1", [&id])?;

    // Nobody is asked to come again: only a person can mend it.
    let answer = app.client().get(&format!("/headshot/{id}"))?;
    assert_eq!((answer.status, answer.code()), (500, Some("internal")));
    assert_eq!((&answer.body["retryable"], answer.retry_after), (&Value::Bool(false), None));

    app.start_worker(0)?;
    let set_aside = |line: &Value| {
        line["message"] == "the record of this job is damaged; its task goes to the dead letters"
    };
    app.lines_until(|lines| lines.iter().any(set_aside))?;
    let mut reason = None;
    for _ in 0..100 {
        let read = database.query_row("SELECT reason FROM dead_letters", (), |row| row.get::<_, String>(0));
        reason = read.ok();
        if reason.is_some() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(reason.as_deref(), Some("the record of this job is damaged"));
    let kept = database
        .query_row("SELECT document FROM jobs WHERE id = ?1", [&id], |row| row.get::<_, String>(0))?;
    assert_eq!(kept, "{", "what is there stays as it is");
    Ok(())
}

#[test]
fn sigterm_during_a_render_ends_with_0_and_the_job_is_finished_by_the_next_worker() -> Result<()> {
    let mut app = TestApp::start_with(Options::default().worker("GRACE_SECONDS", 0))?;
    let id = app.submit(&drawn_pet(4000))?;
    app.wait(&id, |job| is(job, "processing"))?;
    let status = app.take_worker(0)?.terminate(Duration::from_secs(10))?;
    assert_eq!(status.code(), Some(0), "{status}");
    let given_back = app.job(&id)?;
    assert!(is(&given_back, "queued"), "{given_back:#}");
    app.start_worker(0)?;
    let job = app.wait_done(&id)?;
    // Giving back is nobody's failure: the attempt that was cut short does not count.
    assert_eq!(job["attempt"], 1);
    nothing_is_left_in_the_queue(&app)
}

#[test]
fn an_idle_worker_and_an_idle_api_stop_at_once() -> Result<()> {
    let mut app = TestApp::start()?;
    let status = app.take_worker(0)?.terminate(Duration::from_secs(5))?;
    assert_eq!(status.code(), Some(0), "{status}");
    let status = app.take_api()?.terminate(Duration::from_secs(5))?;
    assert_eq!(status.code(), Some(0), "{status}");
    Ok(())
}

#[test]
fn a_worker_that_was_frozen_finds_its_job_taken_over_and_changes_nothing() -> Result<()> {
    let mut app = TestApp::start_with(Options::default().workers(2))?;
    app.take_worker(1)?.terminate(Duration::from_secs(10))?;
    let id = app.submit(&drawn_pet(4000))?;
    app.wait(&id, |job| is(job, "processing"))?;
    app.worker(0)?.signal("STOP")?;
    app.start_worker(1)?;
    let job = app.wait_done(&id)?;
    assert_eq!(job["attempt"], 2);
    app.worker(0)?.signal("CONT")?;
    let lost = "headshot_jobs_total{outcome=\"claim_lost\"}";
    for _ in 0..200 {
        if app.worker_metric(0, lost)? == 1.0 {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(app.worker_metric(0, lost)?, 1.0);
    let after = app.job(&id)?;
    assert_eq!((&after["updated_at"], &after["outputs"]), (&job["updated_at"], &job["outputs"]));
    Ok(())
}

#[test]
fn two_workers_share_the_queue() -> Result<()> {
    let app = TestApp::start_with(Options::default().workers(2).worker("WORKER_CONCURRENCY", 1))?;
    let photo = photo();
    let ids: Vec<String> = (0..10).map(|_| app.submit(&photo)).collect::<Result<_>>()?;
    for id in &ids {
        assert_eq!(app.wait_done(id)?["attempt"], 1);
    }
    let done = "headshot_jobs_total{outcome=\"done\"}";
    let mut counts = (0.0, 0.0);
    // A job is counted after its record says that it is done.
    for _ in 0..200 {
        counts = (app.worker_metric(0, done)?, app.worker_metric(1, done)?);
        if counts.0 + counts.1 == 10.0 {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let (one, other) = counts;
    assert_eq!(one + other, 10.0);
    assert!(one >= 1.0 && other >= 1.0, "one worker did {one}, the other {other}");
    Ok(())
}
