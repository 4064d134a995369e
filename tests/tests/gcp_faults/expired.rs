use std::time::Duration;

use anyhow::{Result, ensure};
use headshot_tests::{Cloud, TestApp};
use serde_json::json;

use super::{is, photo};

/// Originals are kept for 30 days and pictures for 90: for 60 days a headshot outlives its photo.
#[test]
fn a_headshot_outlives_its_photo_and_no_other_is_made_of_it_then() -> Result<()> {
    let Some(cloud) = Cloud::start("photos that have expired")? else { return Ok(()) };
    let mut app = TestApp::start_with(cloud.options())?;
    let first = app.submit(photo())?;
    app.wait_done(&first)?;

    // Asked for in time, and the photo expires before a worker comes to it.
    let status = app.take_worker(0)?.terminate(Duration::from_secs(10))?;
    ensure!(status.success(), "{status}");
    let rerender = format!("/headshot/{first}/rerender");
    let accepted = app.post_json(&rerender, &json!({"look": "soft"}), &[])?;
    ensure!(accepted.status == 202, "{accepted:?}");
    cloud.expire_original(&first)?;
    app.start_worker(0)?;
    let job = app.wait_ended(&accepted.job_id()?)?;
    println!("asked for in time: {} at attempt {}: {}", job["status"], job["attempt"], job["error"]);
    ensure!(is(&job, "failed") && job["error"]["code"] == "photo_expired" && job["attempt"] == 1, "{job:#}");

    // Asked for too late.
    let refused = app.post_json(&rerender, &json!({"look": "dramatic"}), &[])?;
    println!("asked for too late: {} {:?}", refused.status, refused.code());
    ensure!((refused.status, refused.code()) == (410, Some("photo_expired")), "{refused:?}");
    ensure!(is(&app.job(&first)?, "done"), "what there is stays");
    let letters = cloud.dead_letters()?;
    ensure!(letters.is_empty(), "nobody has to look at it: {letters:#?}");
    app.check_alive()
}
