//! Another look, another framing, the same photo once more, and the end of it all, over the real programs.

use anyhow::{Context, Result, ensure};
use headshot_tests::{Cloud, Options, TestApp, drawn_pet};
use serde_json::{Value, json};

#[test]
fn a_photo_is_cut_out_once() -> Result<()> {
    story(Options::default())
}

#[test]
fn so_it_is_on_google_cloud() -> Result<()> {
    let Some(cloud) = Cloud::start("re-renders on Google Cloud")? else { return Ok(()) };
    story(cloud.options())
}

fn story(options: Options) -> Result<()> {
    let app = TestApp::start_with(options)?;
    let photo = drawn_pet(1600);
    let first = app.submit_to("/headshot-async", &photo)?;
    let house = app.wait_done(&first)?;
    ensure!(house["cached"] == false, "{house:#}");

    // The same photo once more: the same files, and nothing rendered.
    let second = app.wait_done(&app.submit_to("/headshot-async", &photo)?)?;
    ensure!(second["cached"] == true && hashes(&second) == hashes(&house), "{second:#}");
    let fresh = app.submit_to("/headshot-async?cache=off", &photo)?;
    let fresh = app.wait_done(&fresh)?;
    ensure!(fresh["cached"] == false && hashes(&fresh) == hashes(&house), "{fresh:#}");
    let third = app.submit_to("/headshot-async?recipe=headshot,look=soft", &photo)?;
    let soft = app.wait_done(&third)?;
    ensure!(soft["cached"] == false && hashes(&soft) != hashes(&house), "{soft:#}");

    // A re-render gives what a new upload with that recipe would have given, to the byte.
    let dramatic = rerender(&app, &first, &json!({"look": "dramatic"}))?;
    let uploaded = app.submit_to("/headshot-async?cache=off&recipe=headshot,look=dramatic", &photo)?;
    ensure!(hashes(&dramatic) == hashes(&app.wait_done(&uploaded)?), "{dramatic:#}");
    ensure!(dramatic["photo_of"] == first.as_str(), "{dramatic:#}");
    let bust = rerender(&app, &first, &json!({"framing": "bust"}))?;
    ensure!(hashes(&bust) != hashes(&house) && bust["quality"]["pass"] == true, "{bust:#}");
    let close_up = rerender(&app, &first, &json!({"framing": "close-up"}))?;
    ensure!(close_up["status"] == "done", "{close_up:#}");
    let without_network = |line: &&Value| line["message"] == "rendered by the stored matte";
    let lines = app.worker_lines();
    let times = lines.iter().filter(without_network).count();
    ensure!(times == 3, "the network was asked for {} of three re-renders", 3 - times);

    let id = bust["job_id"].as_str().context("an id")?;
    let approved = app.post_json(&format!("/headshot/{id}/approve"), &json!({}), &[])?;
    ensure!(approved.status == 200 && approved.body["approval"]["job_id"] == id, "{approved:?}");
    let late = app.post_json(&format!("/headshot/{first}/rerender"), &json!({"look": "soft"}), &[])?;
    ensure!((late.status, late.code()) == (409, Some("approved")), "{late:?}");

    let link = bust["preview_url"].as_str().context("a link")?;
    ensure!(app.download(link)?.starts_with(b"\x89PNG"));
    let erased = app.delete(&format!("/headshot/{first}"))?;
    ensure!(erased.status == 200, "{erased:?}");
    ensure!(erased.body["erased"].as_array().is_some_and(|jobs| jobs.len() == 4), "{erased:?}");
    ensure!(app.get(&format!("/headshot/{id}"))?.status == 404);
    ensure!(app.download(link).is_err(), "the file of an erased job can be downloaded");
    // What was another upload stays.
    ensure!(app.wait_done(second["job_id"].as_str().context("an id")?)?["status"] == "done");
    Ok(())
}

fn rerender(app: &TestApp, id: &str, change: &Value) -> Result<Value> {
    let answer = app.post_json(&format!("/headshot/{id}/rerender"), change, &[])?;
    ensure!(answer.status == 202, "{answer:?}");
    app.wait_done(&answer.job_id()?)
}

/// The SHA-256 of every file of a finished job.
fn hashes(job: &Value) -> Vec<String> {
    let outputs = job["outputs"].as_array();
    let hash = |output: &Value| output["sha256"].as_str().unwrap_or_default().to_owned();
    outputs.into_iter().flatten().map(hash).collect()
}
