//! A customer's way: a photo goes in, two pictures come out.

use std::fs;

use anyhow::{Context, Result};
use headshot_tests::{TestApp, check_pictures, drawn_pet, shared, shared_files};
use serde_json::Value;

#[test]
fn a_photo_becomes_a_preview_and_a_print() -> Result<()> {
    let app = TestApp::start()?;
    let id = app.submit(&drawn_pet(1600))?;
    let job = app.wait_done(&id)?;
    check_pictures(&app, &job)?;
    assert_eq!(job["attempt"], 1);
    assert_eq!(job["quality"]["pass"], true);

    // The same photo once more: the pictures are the same, byte for byte.
    let again = app.wait_done(&app.submit(&drawn_pet(1600))?)?;
    for url in ["preview_url", "print_url"] {
        let [one, other] = [&job, &again].map(|job| job[url].as_str().context("a URL"));
        assert!(app.download(one?)? == app.download(other?)?, "{url} differs");
    }
    Ok(())
}

#[test]
fn every_real_photo_ends_done_or_refused_with_a_reason() -> Result<()> {
    let Some(folder) = shared("photos") else { return Ok(()) };
    let app = TestApp::start()?;
    let mut jobs = Vec::new();
    for file in shared_files(&folder) {
        let name = file.file_name().context("a file has a name")?.to_string_lossy().into_owned();
        jobs.push((name, app.submit(&fs::read(&file)?)?));
    }
    assert!(!jobs.is_empty(), "{} is empty", folder.display());
    let mut done = 0;
    for (name, id) in &jobs {
        let job = app.wait_ended(id)?;
        if job["status"] == "done" {
            check_pictures(&app, &job).with_context(|| name.clone())?;
            done += 1;
        } else {
            let error = &job["error"];
            println!("{name}: refused: {} {}", error["code"], error["message"]);
            assert_ne!(error["code"], "internal", "{name}: {job:#}");
            assert!(error["message"].as_str().is_some_and(|sentence| sentence.len() > 20), "{name}: {error}");
        }
    }
    println!("{done} of {} photos became headshots", jobs.len());
    assert!(done * 10 >= jobs.len() * 9, "only {done} of {} photos became headshots", jobs.len());
    Ok(())
}

#[test]
fn a_picture_without_a_pet_is_refused_with_a_sentence() -> Result<()> {
    let app = TestApp::start()?;
    let mut lawn = Vec::new();
    let green = image::RgbImage::from_pixel(800, 600, image::Rgb([90, 140, 70]));
    green.write_to(&mut std::io::Cursor::new(&mut lawn), image::ImageFormat::Png)?;
    let job = app.wait_ended(&app.submit(&lawn)?)?;
    assert_eq!(job["status"], "failed");
    assert_ne!(job["error"]["code"], "internal");
    assert_eq!(job["quality"]["pass"], false);
    assert_eq!(job.get("preview_url"), None);
    assert_eq!(job["outputs"], Value::Array(Vec::new()));
    Ok(())
}
