use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use headshot_tests::{Cloud, TestApp, drawn_pet, drawn_pets};
use serde_json::Value;

use super::{all_done_once, is, until};

/// What a worker has just done when it is killed. Each is a line of its log, or the record for the claim.
const BOUNDARIES: [&str; 11] = [
    "claimed",
    "fetch",
    "decode",
    "matting",
    "quality",
    "compose",
    "foreground",
    "look",
    "encode",
    "store",
    "finished",
];

fn has_reached(app: &TestApp, id: &str, boundary: &str) -> Result<bool> {
    if boundary == "claimed" {
        return Ok(is(&app.job(id)?, "processing"));
    }
    let is_there = |line: &Value| {
        let message = line["message"].as_str().unwrap_or_default();
        line["job_id"] == id
            && match boundary {
                "finished" => message.starts_with("finished:"),
                stage => message == "stage done" && line["stage"] == stage,
            }
    };
    Ok(app.worker_lines().iter().any(is_there))
}

#[test]
fn kill_9_after_every_stage_loses_no_job_and_finishes_each_once() -> Result<()> {
    let Some(cloud) = Cloud::start("kill -9 after every stage")? else { return Ok(()) };
    let options = cloud
        .options()
        .worker("WORKER_CONCURRENCY", 1)
        .worker("RUST_LOG", "info,headshot_worker=debug,headshot_pipeline=debug");
    let mut app = TestApp::start_with(options)?;
    // Large enough that no stage is over before the kill arrives.
    let photos = drawn_pets(2400);
    let mut ids = Vec::new();
    for (boundary, photo) in BOUNDARIES.into_iter().zip(photos.iter().cycle()) {
        let id = app.submit(photo)?;
        let reached = || has_reached(&app, &id, boundary);
        until(&format!("a job gets past {boundary}"), Duration::from_secs(60), reached)?;
        app.kill_9_worker()?;
        app.start_worker(0)?;
        ids.push(id);
    }
    let jobs = all_done_once(&cloud, &app, &ids)?;
    for (boundary, job) in BOUNDARIES.iter().zip(&jobs) {
        // The last one was only not acknowledged, and is not begun again. Between the last picture and the record's last
        // word there is hardly a millisecond: the kill may come before or after it.
        let expected: &[u64] = match *boundary {
            "finished" => &[1],
            "store" => &[1, 2],
            _ => &[2],
        };
        let attempt = job["attempt"].as_u64().context("an attempt")?;
        ensure!(expected.contains(&attempt), "killed after {boundary}: {job:#}");
    }
    Ok(())
}

#[test]
fn sigterm_during_a_render_ends_with_0_and_the_next_worker_finishes_the_job() -> Result<()> {
    let Some(cloud) = Cloud::start("SIGTERM during a render")? else { return Ok(()) };
    let mut app = TestApp::start_with(cloud.options().worker("GRACE_SECONDS", 0))?;
    let id = app.submit(&drawn_pet(4000))?;
    app.wait(&id, |job| is(job, "processing"))?;
    let status = app.take_worker(0)?.terminate(Duration::from_secs(10))?;
    ensure!(status.code() == Some(0), "{status}");
    let given_back = app.job(&id)?;
    ensure!(is(&given_back, "queued"), "{given_back:#}");
    app.start_worker(0)?;
    let jobs = all_done_once(&cloud, &app, &[id])?;
    // Giving back is nobody's failure: the attempt that was cut short does not count.
    ensure!(jobs.iter().all(|job| job["attempt"] == 1), "{jobs:#?}");
    Ok(())
}

#[test]
fn sigterm_with_time_to_spare_finishes_what_is_at_hand_and_takes_no_more() -> Result<()> {
    let Some(cloud) = Cloud::start("SIGTERM with a grace period")? else { return Ok(()) };
    let mut app = TestApp::start_with(cloud.options().worker("WORKER_CONCURRENCY", 1))?;
    let photos = drawn_pets(3000);
    let ids: Vec<String> =
        photos.iter().cycle().take(4).map(|photo| app.submit(photo)).collect::<Result<_>>()?;
    let mut under_way = None;
    let deadline = Instant::now() + Duration::from_secs(30);
    while under_way.is_none() {
        ensure!(Instant::now() < deadline, "no job is begun");
        under_way = ids.iter().find(|id| app.job(id).is_ok_and(|job| is(&job, "processing")));
    }
    // The default grace of 8 s, and what Cloud Run leaves beyond it.
    let status = app.take_worker(0)?.terminate(Duration::from_secs(10))?;
    ensure!(status.code() == Some(0), "{status}");
    let at_hand = app.job(under_way.context("a job under way")?)?;
    ensure!(is(&at_hand, "done"), "{at_hand:#}");
    app.start_worker(0)?;
    let jobs = all_done_once(&cloud, &app, &ids)?;
    ensure!(jobs.iter().all(|job| job["attempt"] == 1), "{jobs:#?}");
    Ok(())
}
