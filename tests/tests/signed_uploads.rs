//! Large photos: put straight into storage, submitted by name, sent again, and followed to the end.

use anyhow::{Context, Result, ensure};
use headshot_tests::{Cloud, Options, TestApp, drawn_pet};
use serde_json::json;

#[test]
fn a_photo_put_with_a_link_becomes_a_headshot() -> Result<()> {
    story(Options::default())
}

#[test]
fn so_it_does_on_google_cloud() -> Result<()> {
    let Some(cloud) = Cloud::start("signed uploads on Google Cloud")? else { return Ok(()) };
    story(cloud.options())
}

fn story(options: Options) -> Result<()> {
    let app = TestApp::start_with(options)?;
    let photo = drawn_pet(1600);
    let announcement = json!({"content_type": "image/jpeg", "bytes": photo.len(), "file_name": "Rex.jpg"});
    let upload = app.post_json("/uploads", &announcement, &[])?;
    ensure!(upload.status == 201, "{upload:?}");
    let upload = upload.body;
    let id = upload["upload_id"].as_str().context("an id")?;
    let submission = json!({"upload_id": id, "order_id": "#1001"});
    let key = [("idempotency-key", "\"order-1001\"")];

    let early = app.post_json("/headshot-async", &submission, &key)?;
    ensure!((early.status, early.code()) == (409, Some("upload_missing")), "{early:?}");
    ensure!(app.put(&upload, &photo[1..])? != 200, "another size was taken");
    ensure!(app.put(&upload, &photo)? == 200);
    ensure!(app.put(&upload, &photo)? == 412, "a second photo was taken");

    let first = app.post_json("/headshot-async", &submission, &key)?;
    ensure!(first.status == 202 && first.job_id()? == id, "{first:?}");
    let again = app.post_json("/headshot-async", &submission, &key)?;
    ensure!(again.status == 202 && again.job_id()? == id, "{again:?}");
    let other = app.post_json("/headshot-async", &json!({"upload_id": id, "order_id": "#1002"}), &key)?;
    ensure!((other.status, other.code()) == (422, Some("idempotency_key_reused")), "{other:?}");

    let events = app.events(id)?;
    let last = events.last().context("at least one event")?;
    ensure!(last["status"] == "done", "{events:#?}");
    ensure!(last["attempt"] == 1 && last["quality"]["pass"] == true, "{last:#}");
    for url in ["preview_url", "print_url"] {
        ensure!(app.download(last[url].as_str().context("a link")?)?.starts_with(b"\x89PNG"));
    }
    Ok(())
}
