use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use headshot_emulators::Queue;
use headshot_tests::{Cloud, Dependency, Line, TestApp};
use serde_json::Value;

use super::{all_done_once, photo};

/// The proportions of terraform/queue.tf, with a second where that has a minute: a task is delivered more often than a message
/// may be while it waits.
const POLICY: Queue = Queue {
    retry_min: Duration::from_millis(500),
    retry_max: Duration::from_secs(1),
    max_delivery_attempts: Some(30),
};

const OUTAGE: Duration = Duration::from_secs(60);

/// Half of what is promised, because jobs wait 3 s here and not a minute. The marks show that an outage does
/// not lengthen the wait.
const BACK: Duration = Duration::from_secs(60);

/// More than the sweep publishes at a time.
const UNPUBLISHED: usize = 20;

#[test]
fn what_an_outage_put_off_comes_back_soon_after_it_and_leaves_no_dead_letter() -> Result<()> {
    let Some(cloud) = Cloud::start_with("long outages", POLICY)? else { return Ok(()) };
    let mut app = TestApp::start_with(cloud.options())?;
    let mut all = Vec::new();
    for down in [Dependency::Storage, Dependency::Records, Dependency::Queue] {
        let mut ids = Vec::new();
        if down == Dependency::Queue {
            cloud.line(down, Line::Refused)?;
            ids.extend(unpublished(&app)?);
        } else {
            app.take_worker(0)?.terminate(Duration::from_secs(10))?;
            for _ in 0..4 {
                ids.push(app.submit(photo())?);
            }
            cloud.line(down, Line::Refused)?;
            app.start_worker_unready(0)?;
        }
        let began = Instant::now();
        while began.elapsed() < OUTAGE {
            thread::sleep(Duration::from_secs(1));
            let most = most_republished(&cloud)?;
            ensure!(most <= 1, "{}: marked {most} times, and never published", down.name());
        }
        cloud.line(down, Line::Open)?;
        let back = Instant::now();
        for id in &ids {
            let job = app.wait_done(id)?;
            ensure!(job["attempt"] == 1, "an outage is nobody's fault: {job:#}");
        }
        let (took, jobs) = (back.elapsed(), ids.len());
        let letters = cloud.dead_letters()?.len();
        println!(
            "{}: the last of {jobs} jobs done {took:.1?} after its return, {letters} dead letters",
            down.name()
        );
        ensure!(took < BACK, "{}: only after {took:?}", down.name());
        ensure!(letters == 0, "{}: {letters} dead letters", down.name());
        all.extend(ids);
    }
    all_done_once(&cloud, &app, &all)?;
    app.check_alive()
}

#[test]
fn what_support_could_not_publish_does_not_wait_longer_for_the_sweep() -> Result<()> {
    let Some(cloud) = Cloud::start("a retry in an outage")? else { return Ok(()) };
    let app = TestApp::start_with(cloud.options().workers(0))?;
    cloud.line(Dependency::Queue, Line::Refused)?;
    let id = app.post(photo())?.job_id()?;
    let answer = app.post_json(&format!("/admin/jobs/{id}/retry"), &Value::Null, &[])?;
    ensure!(answer.status == 503, "{answer:?}");
    let times = most_republished(&cloud)?;
    ensure!(times == 0, "marked as published {times} times");
    Ok(())
}

/// Whoever sends a photo now is told that the job is safe, and no worker.
fn unpublished(app: &TestApp) -> Result<Vec<String>> {
    thread::scope(|scope| {
        let senders: Vec<_> =
            (0..UNPUBLISHED).map(|_| scope.spawn(|| app.client().post(photo())?.job_id())).collect();
        senders.into_iter().map(|sender| sender.join().expect("no sender panics")).collect()
    })
}

/// How often the sweep has published the job that it published most often, by its record.
fn most_republished(cloud: &Cloud) -> Result<u32> {
    let mut most = 0;
    for record in cloud.records()? {
        let times = record["fields"]["republished"]["integerValue"].as_str().unwrap_or("0");
        most = most.max(times.parse().context("a number")?);
    }
    Ok(most)
}
