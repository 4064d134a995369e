use std::time::Duration;

use anyhow::{Context, Result, ensure};
use headshot_tests::{Cloud, TestApp, drawn_pet, drawn_pets};
use serde_json::Value;

use super::{is, until};

/// As many deaths as a job has attempts.
const DEATHS: u64 = 5;

/// The worker dies each time that one of four photos is on its hands. Nothing says which one it is.
#[test]
fn a_photo_that_kills_its_worker_takes_no_other_along() -> Result<()> {
    let Some(cloud) = Cloud::start("a photo that kills its worker")? else { return Ok(()) };
    let options = cloud.options().worker("WORKER_CONCURRENCY", 4).worker("JOB_LEASE_SECONDS", 12);
    let mut app = TestApp::start_with(options)?;
    app.take_worker(0)?.terminate(Duration::from_secs(10))?;
    let killer = app.submit(&drawn_pet(3600))?;
    let neighbours: Vec<String> =
        drawn_pets(4000).iter().map(|photo| app.submit(photo)).collect::<Result<_>>()?;
    app.start_worker(0)?;
    until("all four are worked on", Duration::from_secs(60), || {
        let mut jobs = neighbours.iter().chain([&killer]).map(|id| app.job(id));
        jobs.try_fold(true, |all, job| Ok(all & is(&job?, "processing")))
    })?;
    let mut deaths = 0;
    while deaths < DEATHS {
        let job =
            app.wait(&killer, |job| is(job, "failed") || attempt(job) > deaths && is(job, "processing"))?;
        if is(&job, "failed") {
            break;
        }
        app.kill_9_worker()?;
        deaths += 1;
        app.start_worker(0)?;
    }
    let job = app.wait_ended(&killer)?;
    println!("the killer: {} after {deaths} deaths", job["status"]);
    ensure!(is(&job, "failed") && job["error"]["code"] == "internal", "{job:#}");
    for id in &neighbours {
        let job = app.wait_ended(id)?;
        println!("a neighbour: {} at attempt {}", job["status"], job["attempt"]);
        ensure!(is(&job, "done"), "{job:#}");
        ensure!(attempt(&job) == 2, "charged for one death, the one that it was there for: {job:#}");
    }
    let letters = cloud.dead_letters()?;
    ensure!(letters.len() <= 1, "{letters:#?}");
    Ok(())
}

fn attempt(job: &Value) -> u64 {
    job["attempt"].as_u64().context("an attempt").unwrap_or_default()
}
