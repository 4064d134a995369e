//! The page without a mouse, without sight, with little of it, and on a narrow screen.

use anyhow::Result;
use serde_json::Value;

use crate::Visit;
use crate::browser::{Browser, DESKTOP, PHONE, View};

const TAB: char = '\u{e004}';
const RIGHT: char = '\u{e014}';
const ENTER: char = '\u{e007}';

/// The states of the page that stand still, each made visible as the page itself does it.
const STATES: [&str; 5] = ["empty", "working", "done", "trouble", "key"];

#[test]
fn everything_can_be_done_with_the_keyboard_alone() -> Result<()> {
    let Some(visit) = Visit::begin(DESKTOP)? else { return Ok(()) };
    let browser = &visit.browser;
    browser.press(TAB)?;
    assert_eq!(browser.focused()?, "file");
    let ring = browser.script("return getComputedStyle(document.getElementById('choose')).outlineStyle")?;
    assert_eq!(ring, "solid", "the focus can be seen");

    visit.choose(&visit.dog()?)?;
    browser.until("done")?;
    assert_eq!(browser.focused()?, "done-title", "the news is where the focus is");
    browser.press(TAB)?;
    assert_eq!(browser.focused()?, "white");
    browser.press(RIGHT)?;
    assert_eq!(browser.focused()?, "sage");
    assert_eq!(browser.text("#ground-name")?, "sage");
    for next in ["colour", "print", "preview"] {
        browser.press(TAB)?;
        assert_eq!(browser.focused()?, next);
        let ring = browser.script(
            "const e = document.activeElement; const shown = e.id === 'colour' ? e.nextElementSibling : e;
             return getComputedStyle(shown).outlineStyle",
        )?;
        assert_eq!(ring, "solid", "the focus can be seen on {next}");
    }
    browser.press(TAB)?;
    assert_eq!(browser.text(":focus")?, "Another photo");

    browser.reload()?;
    browser.until("done")?;
    browser.script("sessionStorage.clear()")?;
    browser.reload()?;
    browser.until("empty")?;
    visit.app.worker(0)?.signal("STOP")?;
    visit.choose(&visit.dog()?)?;
    browser.until("working")?;
    browser.press(TAB)?;
    assert_eq!(browser.text(":focus")?, "Cancel");
    browser.press(ENTER)?;
    browser.until("empty")?;
    assert_eq!(browser.focused()?, "empty-title");
    visit.app.worker(0)?.signal("CONT")?;
    visit.assert_quiet()
}

#[test]
fn a_screen_reader_is_told_what_everything_is() -> Result<()> {
    let Some(visit) = Visit::begin(DESKTOP)? else { return Ok(()) };
    let browser = &visit.browser;
    let told = browser.accessible()?;
    for (role, name) in [
        ("banner", ""),
        ("main", ""),
        ("contentinfo", ""),
        ("heading", "Perkie Headshot"),
        ("heading", "Your pet, in black and white."),
        ("button", "Choose a photo"),
        ("status", ""),
    ] {
        assert_told(&told, role, name);
    }

    visit.choose(&visit.dog()?)?;
    browser.until("done")?;
    browser.until_true("return document.getElementById('portrait').complete")?;
    let told = browser.accessible()?;
    for (role, name) in [
        ("heading", "Your portrait is ready."),
        ("image", "Black-and-white portrait of your pet, seen on white"),
        ("group", "See it on"),
        ("radio", "White"),
        ("radio", "Checkerboard"),
        ("ColorWell", "A colour of your own"),
        ("heading", "About this photo"),
        ("list", ""),
        ("button", "Another photo"),
    ] {
        assert_told(&told, role, name);
    }
    for start in ["Download the print 20", "Download the preview 1280"] {
        let found = told.iter().any(|(role, name)| role == "link" && name.starts_with(start));
        assert!(found, "no link {start}… in {told:#?}");
    }
    let said = browser.script("return document.getElementById('announcement').textContent")?;
    let advice = browser.script("return document.querySelector('#advice li').textContent")?;
    assert!(said.as_str().zip(advice.as_str()).is_some_and(|(said, advice)| said.contains(advice)), "{said}");

    for state in STATES {
        reveal(browser, state)?;
        let nameless: Vec<_> = browser.accessible()?.into_iter().filter(is_nameless).collect();
        assert!(nameless.is_empty(), "{state}: {nameless:?}");
        let headings = browser.script(
            "return [...document.querySelectorAll('h1, h2, h3')].filter((h) => h.checkVisibility()).map((h) => h.tagName)",
        )?;
        let levels: Vec<&str> = headings.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(levels.get(..2), Some(&["H1", "H2"][..]), "{state}");
    }
    Ok(())
}

#[test]
fn text_and_controls_stand_out_by_day_and_by_night_and_are_large_enough_for_a_thumb() -> Result<()> {
    let Some(visit) = Visit::begin(PHONE)? else { return Ok(()) };
    let browser = &visit.browser;
    for view in [PHONE, PHONE.dark()] {
        browser.view(view)?;
        for state in STATES {
            reveal(browser, state)?;
            let faint = browser.script(FAINT_TEXT)?;
            assert_eq!(faint, Value::Array(vec![]), "{state}, {view:?}");
            let small = browser.script(SMALL_TARGETS)?;
            assert_eq!(small, Value::Array(vec![]), "{state}, {view:?}");
        }
    }
    // 320 pixels is also what a window of 1280 has left at 400 %; 640 is what it has at 200 %.
    for (width, height) in [(320, 568), (640, 430)] {
        browser.view(View { width, height, dark: false })?;
        for state in STATES {
            reveal(browser, state)?;
            let overflow = browser.script("return document.documentElement.scrollWidth - innerWidth")?;
            assert_eq!(overflow, 0, "{state} scrolls sideways at {width}");
        }
        reveal(browser, "empty")?;
        browser.photograph(&format!("narrow-{width}"))?;
    }
    browser.prefer(&[("prefers-reduced-motion", "reduce")])?;
    for state in STATES {
        reveal(browser, state)?;
        assert_eq!(browser.script("return document.getAnimations().length")?, 0, "{state} moves");
    }
    visit.assert_quiet()
}

/// Shows a state of the page as it is, without the way to it.
fn reveal(browser: &Browser, state: &str) -> Result<()> {
    browser.script(&format!(
        "document.body.dataset.state = '{state}';
         for (const panel of document.querySelectorAll('[data-panel]')) panel.hidden = panel.dataset.panel !== '{state}';
         for (const [id, text] of [['trouble-title', 'Not just now.'], ['trouble-detail', 'A sentence about it.'],
           ['trouble-reference', 'If you write to us, mention this.'], ['patience', 'A little longer.'],
           ['print-size', '20 × 25 cm · 300 dpi · 5.7 MB'], ['preview-size', '1280 × 1600 pixels · 1.8 MB']]) {{
           document.getElementById(id).textContent = text;
           document.getElementById(id).hidden = false;
         }}
         for (const id of ['retry', 'print', 'preview']) document.getElementById(id).hidden = false;
         for (const id of ['print', 'preview']) document.getElementById(id).href = '#';",
    ))?;
    Ok(())
}

fn assert_told(told: &[(String, String)], role: &str, name: &str) {
    let found = told
        .iter()
        .any(|(r, n)| r == role && (n == name || name.is_empty() || role == "group" && n.starts_with(name)));
    assert!(found, "no {role} {name:?} in {told:#?}");
}

fn is_nameless((role, name): &(String, String)) -> bool {
    let wants_a_name =
        ["button", "link", "radio", "image", "textbox", "ColorWell", "progressbar", "heading", "group"];
    wants_a_name.contains(&role.as_str()) && name.trim().is_empty()
}

/// Texts with less contrast than the AA of WCAG 2.2 asks for: 4.5, or 3 where they are large. Colours behind a text are
/// laid over each other as far down as they are transparent.
const FAINT_TEXT: &str = r"
  const parse = (text) => { const n = text.match(/[\d.]+/g).map(Number); return [n[0], n[1], n[2], n[3] ?? 1]; };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) layers.unshift(parse(getComputedStyle(at).backgroundColor));
    return layers.reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const e = walker.currentNode.parentElement;
    if (!text || !e.checkVisibility() || e.closest('.visually-hidden, option')) continue;
    const style = getComputedStyle(e);
    const under = behind(e);
    const colour = parse(style.color);
    for (let at = e; at; at = at.parentElement) colour[3] *= Number(getComputedStyle(at).opacity);
    const [a, b] = [light(over(colour, under)), light(under)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) faint.push(`${text}: ${ratio.toFixed(2)}`);
  }
  return faint;
";

/// What can be pressed and is less than 44 pixels wide or high.
const SMALL_TARGETS: &str = r"
  const small = [];
  for (const e of document.querySelectorAll('button, a, input, label.drop, .swatches label')) {
    if (!e.checkVisibility()) continue;
    const { width, height } = e.getBoundingClientRect();
    if (width < 44 || height < 44) small.push(`${e.id || e.textContent.trim() || e.value}: ${width} by ${height}`);
  }
  return small;
";
