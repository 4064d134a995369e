use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use headshot_tests::{Cloud, Dependency, TestApp};

use super::{all_done_once, photo};

/// Firestore's emulator is frozen and not ended, because it keeps its records in memory; Pub/Sub's is ended and does lose
/// its tasks, which the sweep makes good.
#[test]
fn each_service_itself_stops_and_starts_while_jobs_flow_and_all_end_done() -> Result<()> {
    let Some(mut cloud) = Cloud::start("stopped services")? else { return Ok(()) };
    let options = cloud.options().workers(2).worker("WORKER_CONCURRENCY", 1);
    let mut app = TestApp::start_with(options)?;
    let mut ids = Vec::new();
    for what in Dependency::ALL {
        for _ in 0..10 {
            ids.push(app.submit(photo())?);
        }
        cloud.stop(what)?;
        thread::sleep(Duration::from_secs(3));
        cloud.start_again(what)?;
        let back = Instant::now();
        app.wait_done(ids.last().context("ten jobs")?)?;
        println!("{}: the last of ten jobs was done {:?} after its return", what.name(), back.elapsed());
        app.check_alive()?;
    }
    all_done_once(&cloud, &app, &ids)?;
    Ok(())
}
