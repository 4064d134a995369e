//! A service that wants a key: the field for it appears when it is asked for, and not before.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

use crate::Visit;
use crate::browser::{Browser, DESKTOP};

/// What `/headshot…` wants to be called with.
const KEY: &str = "a-key-of-the-shop";

#[test]
fn a_key_is_asked_for_when_the_service_wants_one_and_the_photo_goes_on_with_it() -> Result<()> {
    let Some(visit) = Visit::begin(DESKTOP)? else { return Ok(()) };
    let guarded = guard(&visit.app.url(""))?;
    let Some(browser) = Browser::open(&guarded, DESKTOP)? else { return Ok(()) };
    assert_eq!(browser.script("return document.querySelector('[data-panel=key]').hidden")?, true);
    browser.type_into("#file", &visit.dog()?.display().to_string())?;
    browser.until("key")?;
    assert_eq!(browser.focused()?, "key");
    browser.photograph("desktop-6-key")?;

    browser.type_into("#key", "two words")?;
    browser.click("#key-form [type=submit]")?;
    assert!(browser.text("#key-detail")?.contains("no spaces"));
    browser.script("document.getElementById('key').value = ''")?;
    browser.type_into("#key", "guessed\n")?;
    browser.until_true("return document.getElementById('key-detail').textContent.includes('not a key')")?;

    browser.type_into("#key", &format!("{KEY}\n"))?;
    browser.until("done")?;
    // The key stays with the tab, and is in none of the links.
    browser.reload()?;
    browser.until("done")?;
    let links = browser.script("return document.getElementById('print').href + location.href")?;
    assert!(!links.as_str().context("links")?.contains(KEY), "{links}");
    let console = browser.console()?;
    assert!(console.iter().all(|line| line.contains("401")), "{console:?}");
    Ok(())
}

/// Stands before the service at `url` and lets calls for headshots through with the key only. Its own address.
fn guard(url: &str) -> Result<String> {
    let upstream = url.strip_prefix("http://").context("a local address")?.to_owned();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let upstream = upstream.clone();
            thread::spawn(move || one_request(client, &upstream));
        }
    });
    Ok(format!("http://{address}/"))
}

/// One request, one answer, and the connection is closed.
fn one_request(mut client: TcpStream, upstream: &str) -> Result<()> {
    let mut request = Vec::new();
    let mut chunk = [0; 65536];
    let head = loop {
        let read = client.read(&mut chunk)?;
        request.extend_from_slice(chunk.get(..read).unwrap_or_default());
        let end = request.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            break end + 4;
        }
        anyhow::ensure!(read > 0, "half a request");
    };
    let text = String::from_utf8_lossy(request.get(..head).unwrap_or_default()).into_owned();
    let header = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while request.len() < head + length {
        let read = client.read(&mut chunk)?;
        anyhow::ensure!(read > 0, "half a body");
        request.extend_from_slice(chunk.get(..read).unwrap_or_default());
    }
    let about_headshots = text.split(' ').nth(1).is_some_and(|path| path.starts_with("/headshot"));
    let authorized = header("authorization");
    if about_headshots && authorized.as_deref() != Some(&format!("Bearer {KEY}")) {
        let detail = if authorized.is_some() { "That is not a key of ours." } else { "A key is needed." };
        let body = format!(
            "{{\"status\":401,\"code\":\"unauthorized\",\"detail\":\"{detail}\",\"retryable\":false}}"
        );
        let answer = format!(
            "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            body.len()
        );
        return Ok(client.write_all(answer.as_bytes())?);
    }
    let mut server = TcpStream::connect(upstream)?;
    let kept = text.replace("Connection: keep-alive", "Connection: close");
    server.write_all(kept.as_bytes())?;
    server.write_all(request.get(head..).unwrap_or_default())?;
    std::io::copy(&mut server, &mut client)?;
    Ok(())
}
