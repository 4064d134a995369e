//! Photos that cannot become portraits, and what their owners are told.

use anyhow::{Context, Result};
use headshot_tests::drawn_pet;
use headshot_tests::drawn_pet::{Background, empty_scene};

use crate::Visit;
use crate::browser::{DESKTOP, PHONE};

#[test]
fn a_photo_without_a_pet_is_refused_with_a_sentence_and_the_next_one_is_welcome() -> Result<()> {
    let Some(visit) = Visit::begin(PHONE)? else { return Ok(()) };
    let browser = &visit.browser;
    let garden = visit.photos.path().join("garden.png");
    empty_scene(Background::Garden, 1200, 900, 7).save(&garden)?;
    visit.choose(&garden)?;
    browser.until("trouble")?;
    assert_eq!(browser.text("#trouble-title")?, "This photo will not do.");
    let detail = browser.text("#trouble-detail")?;
    assert!(detail.contains("pet") && detail.ends_with('.'), "{detail}");
    let announced = browser.script("return document.getElementById('announcement').textContent")?;
    assert!(announced.as_str().is_some_and(|text| text.contains(&detail)), "{announced}");
    assert_eq!(
        browser.script("return document.getElementById('retry').hidden")?,
        true,
        "it would be refused again"
    );
    browser.photograph("phone-5-refused")?;

    visit.choose(&visit.dog()?)?;
    browser.until_true("return document.body.dataset.state === 'done'")?;
    visit.assert_quiet()
}

#[test]
fn what_cannot_be_a_photo_is_said_before_it_is_sent() -> Result<()> {
    let Some(visit) = Visit::begin(DESKTOP)? else { return Ok(()) };
    let browser = &visit.browser;
    let sent = || visit.app.api_metric("headshot_uploads_accepted_total");
    let before = sent()?;
    let large = visit.photo("large.jpg", &vec![0; 50_000_001])?;
    let letter = visit.photo("letter.pdf", b"%PDF-1.7")?;
    let empty = visit.photo("empty.jpg", b"")?;
    let dog = visit.dog()?;
    let cases: [(&[&std::path::Path], &str); 4] = [
        (&[&large], "50 MB is the most that we take"),
        (&[&letter], "This is not a photo."),
        (&[&empty], "This file is empty."),
        (&[&dog, &dog], "One photo at a time"),
    ];
    for (files, sentence) in cases {
        browser.reload()?;
        browser.drop_files(files)?;
        browser.until("trouble")?;
        let detail = browser.text("#trouble-detail")?;
        assert!(detail.contains(sentence), "{detail}");
    }
    assert_eq!(sent()?, before, "nothing of it was sent");
    visit.assert_quiet()
}

#[test]
fn what_only_the_service_can_tell_is_shown_in_its_words() -> Result<()> {
    let Some(visit) = Visit::begin(DESKTOP)? else { return Ok(()) };
    let browser = &visit.browser;
    // A photo by its name, and only the head of one by its bytes; and a file name that would be markup.
    let whole = drawn_pet(800);
    let head = whole.get(..300).context("a head")?;
    visit.choose(&visit.photo("<img src=x onerror=alert(1)>.jpg", head)?)?;
    browser.until("trouble")?;
    assert_eq!(browser.text("#trouble-title")?, "We cannot take this photo.");
    let answer = visit.app.post(head)?;
    assert_eq!(browser.text("#trouble-detail")?, answer.body["detail"].as_str().context("a sentence")?);
    // Chromium notes the 415 itself; there is nothing else.
    let console = browser.console()?;
    assert!(console.iter().all(|line| line.contains("415")), "{console:?}");
    Ok(())
}
