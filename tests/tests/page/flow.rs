//! From a photo to a portrait in the hand.

use std::fs;

use anyhow::{Context, Result};
use headshot_tests::{Options, check_png, shared};

use crate::Visit;
use crate::browser::{DESKTOP, PHONE};

#[test]
fn a_photo_that_is_dropped_becomes_a_portrait_on_every_ground() -> Result<()> {
    let Some(visit) = Visit::begin(DESKTOP)? else { return Ok(()) };
    let browser = &visit.browser;
    assert_eq!(browser.text("h1")?, "Perkie Headshot");
    assert!(browser.text("#formats")?.contains("up to 50 MB"));
    browser.photograph("desktop-1-empty")?;

    browser.drop_files(&[&visit.dog()?])?;
    browser.until("done")?;
    browser.until_true("return document.getElementById('portrait').naturalWidth === 1280")?;
    assert_eq!(browser.text("[data-panel=done] h2")?, "Your portrait is ready.");
    // The drawn dog is a good photo of 1600 pixels; what that is good for on paper is the pipeline's to say.
    let advice = browser.text("#advice")?;
    assert!(advice.contains("paper") || advice.contains("print"), "{advice}");
    assert_eq!(browser.text("#print-size")?.split(" · ").collect::<Vec<_>>()[..2], ["20 × 25 cm", "300 dpi"]);
    assert!(browser.text("#preview-size")?.starts_with("1280 × 1600 pixels · "));
    for (link, size) in [("print", (2400, 3000)), ("preview", (1280, 1600))] {
        let url = browser.script(&format!("return document.getElementById('{link}').href"))?;
        let picture = visit.app.download(url.as_str().context("a link")?)?;
        check_png(&picture, size, link == "print")?;
    }
    browser.photograph("desktop-2-done")?;

    let ground = "return getComputedStyle(document.getElementById('opening'))";
    for (value, colour) in
        [("white", "rgb(255, 255, 255)"), ("slate", "rgb(87, 99, 110)"), ("black", "rgb(0, 0, 0)")]
    {
        browser.click(&format!("[name=ground][value={value}]"))?;
        assert_eq!(browser.script(&format!("{ground}.backgroundColor"))?, colour);
        assert_eq!(browser.text("#ground-name")?, value);
        let alt = browser.script("return document.getElementById('portrait').alt")?;
        assert!(alt.as_str().is_some_and(|alt| alt.ends_with(value)), "{alt}");
    }
    browser.click("[name=ground][value=checkerboard]")?;
    let checkers = browser.script(&format!("{ground}.backgroundImage"))?;
    assert!(checkers.as_str().is_some_and(|image| image.contains("conic-gradient")), "{checkers}");
    browser.photograph("desktop-3-checkerboard")?;
    // What the colour dialogue does once a colour is picked in it.
    browser.script(
        "const c = document.getElementById('colour'); c.value = '#336699'; c.dispatchEvent(new Event('input'))",
    )?;
    assert_eq!(browser.script(&format!("{ground}.backgroundColor"))?, "rgb(51, 102, 153)");
    assert_eq!(browser.script("return document.querySelectorAll('[name=ground]:checked').length")?, 0);
    visit.assert_quiet()
}

#[test]
fn the_page_is_photographed_on_a_phone_by_day_and_by_night() -> Result<()> {
    let Some(visit) = Visit::begin(PHONE)? else { return Ok(()) };
    let browser = &visit.browser;
    browser.photograph("phone-1-empty")?;
    visit.choose(&visit.dog()?)?;
    browser.until("done")?;
    browser.until_true("return document.getElementById('portrait').naturalWidth === 1280")?;
    for (view, name) in [
        (PHONE, "phone-2-done"),
        (PHONE.dark(), "phone-3-done-dark"),
        (DESKTOP.dark(), "desktop-4-done-dark"),
    ] {
        browser.view(view)?;
        let overflow = browser.script("return document.documentElement.scrollWidth - innerWidth")?;
        assert_eq!(overflow, 0, "{name} scrolls sideways");
        browser.photograph(name)?;
    }
    visit.assert_quiet()
}

#[test]
fn a_heic_photo_becomes_a_portrait_although_this_browser_cannot_show_it() -> Result<()> {
    let Some(photos) = shared("photos") else { return Ok(()) };
    let Some(visit) = Visit::begin(PHONE)? else { return Ok(()) };
    visit.choose(&photos.join("pug-12mp.heic"))?;
    visit.browser.until("done")?;
    visit.browser.until_true("return document.getElementById('portrait').naturalWidth === 1280")?;
    visit.browser.photograph("phone-4-heic")?;
    visit.assert_quiet()
}

#[test]
fn a_photo_outlives_a_restart_of_the_service_and_a_reload_of_the_page() -> Result<()> {
    let Some(mut visit) = Visit::begin_with(Options::default(), DESKTOP)? else { return Ok(()) };
    visit.app.worker(0)?.signal("STOP")?;
    visit.choose(&visit.dog()?)?;
    let waits = "return document.getElementById('step-wait').getAttribute('aria-current') === 'step'";
    visit.browser.until_true(waits)?;
    visit.browser.photograph("desktop-5-waiting")?;

    visit.app.kill_9_api()?;
    visit.browser.until_true("return !document.getElementById('patience').hidden")?;
    assert!(visit.browser.text("#patience")?.contains("connection"));
    visit.app.start_api()?;
    let back = "return !document.getElementById('patience').textContent.includes('connection')";
    visit.browser.until_true(back)?;

    visit.browser.reload()?;
    visit.browser.until_true(waits)?;
    visit.app.worker(0)?.signal("CONT")?;
    visit.browser.until("done")?;
    visit.browser.until_true("return document.getElementById('portrait').naturalWidth === 1280")?;
    let jobs = fs::read_dir(visit.app.data_dir().join("data/blobs/originals"))?.count();
    assert_eq!(jobs, 1, "the photo was sent once");

    // The portrait is still there after a reload, and gone once another photo is begun.
    visit.browser.reload()?;
    visit.browser.until("done")?;
    visit.browser.script("sessionStorage.clear()")?;
    visit.browser.reload()?;
    visit.browser.until("empty")
}
