use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use headshot_tests::{Cloud, Dependency, Line, TestApp, drawn_pet};

use super::{all_done_once, finished, is, photo, until};

#[test]
fn eight_workers_on_one_subscription_claim_each_of_a_hundred_jobs_once() -> Result<()> {
    let Some(cloud) = Cloud::start("eight workers")? else { return Ok(()) };
    // A queue that is merely long is not forgotten.
    let options = cloud
        .options()
        .workers(8)
        .worker("WORKER_CONCURRENCY", 1)
        .worker("JOB_LEASE_SECONDS", 30)
        .worker("SWEEP_UNTOUCHED_SECONDS", 60)
        .worker("SWEEP_INTERVAL_SECONDS", 10);
    let mut app = TestApp::start_with(options)?;
    let began = Instant::now();
    let ids: Vec<String> = (0..100).map(|_| app.submit(photo())).collect::<Result<_>>()?;
    let jobs = all_done_once(&cloud, &app, &ids)?;
    println!("100 jobs in {:?}", began.elapsed());
    let repeated: Vec<_> = jobs.iter().filter(|job| job["attempt"] != 1).collect();
    ensure!(repeated.is_empty(), "claimed more than once: {repeated:#?}");
    ensure!(finished(&app).len() == 100, "{} were finished", finished(&app).len());
    let line = "headshot_jobs_total{outcome=\"done\"}";
    let shares: Vec<f64> = (0..8).map(|number| app.worker_metric(number, line)).collect::<Result<_>>()?;
    println!("their shares: {shares:?}");
    ensure!(shares.iter().sum::<f64>() == 100.0, "{shares:?}");
    ensure!(shares.iter().all(|share| *share >= 1.0), "a worker got nothing: {shares:?}");
    app.check_alive()
}

/// Each would be one more message for the autoscaler to count.
#[test]
fn a_backlog_that_is_worked_off_is_not_published_again() -> Result<()> {
    let Some(cloud) = Cloud::start("a backlog")? else { return Ok(()) };
    let options = cloud
        .options()
        .worker("WORKER_CONCURRENCY", 1)
        .worker("JOB_LEASE_SECONDS", 30)
        .worker("SWEEP_UNTOUCHED_SECONDS", 5);
    let mut app = TestApp::start_with(options)?;
    app.take_worker(0)?.terminate(Duration::from_secs(10))?;
    let ids: Vec<String> = (0..40).map(|_| app.submit(&drawn_pet(1600))).collect::<Result<_>>()?;
    let began = Instant::now();
    app.start_worker(0)?;
    until("half of them are done", Duration::from_secs(120), || Ok(finished(&app).len() >= 20))?;
    let again = republished(&app);
    println!("after {:?} {again} of {} jobs were published again", began.elapsed(), ids.len());
    ensure!(again == 0, "{again} times a job was published again");
    all_done_once(&cloud, &app, &ids)?;
    Ok(())
}

/// Time within which a job without a task is done: the wait, a round of the sweep, and some seconds for a
/// busy machine. Ten times the wait would be 50 s.
const PROMISED: Duration = Duration::from_secs(20);

#[test]
fn what_was_never_published_is_done_in_time_although_photos_keep_coming() -> Result<()> {
    let Some(cloud) = Cloud::start("light traffic")? else { return Ok(()) };
    let options = cloud.options().worker("WORKER_CONCURRENCY", 3).worker("SWEEP_UNTOUCHED_SECONDS", 5);
    let app = TestApp::start_with(options)?;
    cloud.line(Dependency::Queue, Line::Refused)?;
    let forgotten = app.post(photo())?.job_id()?;
    cloud.line(Dependency::Queue, Line::Open)?;
    app.wait_done(&app.submit(photo())?)?;
    let mut others = Vec::new();
    let took = until("the forgotten job is done", PROMISED, || {
        others.push(app.submit(photo())?);
        thread::sleep(Duration::from_millis(1500));
        Ok(is(&app.job(&forgotten)?, "done"))
    })?;
    println!("done after {took:.1?}, beside {} others", others.len());
    others.push(forgotten);
    for id in &others {
        app.wait_done(id)?;
    }
    Ok(())
}

fn republished(app: &TestApp) -> usize {
    let is_one =
        |line: &serde_json::Value| line["message"].as_str().is_some_and(|it| it.contains("seemed forgotten"));
    app.worker_lines().iter().filter(|line| is_one(line)).count()
}
