use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use headshot_emulators::Queue;
use headshot_tests::{Cloud, Dependency, Line, TestApp};

use super::{all_done_once, photo};

/// The proportions of terraform/queue.tf, with a second where that has a minute: a task is delivered more often than a message
/// may be while it waits.
const POLICY: Queue = Queue {
    retry_min: Duration::from_millis(500),
    retry_max: Duration::from_secs(1),
    max_delivery_attempts: Some(30),
};

const OUTAGE: Duration = Duration::from_secs(60);

/// What is promised.
const BACK: Duration = Duration::from_secs(120);

#[test]
fn what_an_outage_put_off_comes_back_soon_after_it_and_leaves_no_dead_letter() -> Result<()> {
    let Some(cloud) = Cloud::start_with("long outages", POLICY)? else { return Ok(()) };
    let mut app = TestApp::start_with(cloud.options())?;
    let mut all = Vec::new();
    for down in [Dependency::Storage, Dependency::Records, Dependency::Queue] {
        let mut ids = Vec::new();
        if down == Dependency::Queue {
            // Whoever sends a photo now is told that the job is safe, and no worker.
            cloud.line(down, Line::Refused)?;
            for _ in 0..4 {
                ids.push(app.post(photo())?.job_id()?);
            }
        } else {
            app.take_worker(0)?.terminate(Duration::from_secs(10))?;
            for _ in 0..4 {
                ids.push(app.submit(photo())?);
            }
            cloud.line(down, Line::Refused)?;
            app.start_worker_unready(0)?;
        }
        thread::sleep(OUTAGE);
        cloud.line(down, Line::Open)?;
        let back = Instant::now();
        for id in &ids {
            let job = app.wait_done(id)?;
            ensure!(job["attempt"] == 1, "an outage is nobody's fault: {job:#}");
        }
        let took = back.elapsed();
        let letters = cloud.dead_letters()?.len();
        println!(
            "{}: the last of 4 jobs done {took:.1?} after its return, {letters} dead letters",
            down.name()
        );
        ensure!(took < BACK, "{}: only after {took:?}", down.name());
        ensure!(letters == 0, "{}: {letters} dead letters", down.name());
        all.extend(ids);
    }
    all_done_once(&cloud, &app, &all)?;
    app.check_alive()
}
