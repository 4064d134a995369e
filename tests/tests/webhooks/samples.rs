//! The receivers that docs/webhooks.md offers, taken from the page and run.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use headshot_tests::{TestApp, drawn_pet, workspace};
use tempfile::TempDir;
use ureq::Agent;

use crate::receiver::{Receiver, now, signature};
use crate::{NEXT_SECRET, SECRET, Tenants};

/// A sample, running. Dropping it kills it.
struct Sample {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Sample {
    /// Takes the block of a language from the page and runs it. `None` where there is nothing to run it with.
    fn start(language: &str, program: &str, file: &str) -> Result<Option<Self>> {
        let found =
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            println!("SKIPPED: {program} is not installed, so the sample in {language} was not run");
            return Ok(None);
        }
        let page = fs::read_to_string(workspace().join("docs/webhooks.md"))?;
        let (_, after) = page.split_once(&format!("```{language}\n")).context("the page has the sample")?;
        let (code, _) = after.split_once("```").context("the sample ends")?;
        let folder = TempDir::new()?;
        fs::write(folder.path().join(file), code)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = Command::new(program)
            .arg(file)
            .env("PORT", port.to_string())
            .env("WEBHOOK_SECRET", SECRET)
            .current_dir(folder.path())
            .stdout(fs::File::create(folder.path().join("log"))?)
            .spawn()?;
        let sample = Self { child, port, folder };
        let asked = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(asked.elapsed() < Duration::from_secs(60), "the sample in {language} does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(sample))
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(Path::new(self.folder.path()).join("log"))?)
    }

    fn post(&self, id: &str, at: &str, signatures: &str, body: &[u8]) -> Result<u16> {
        let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.post(self.url()).header("webhook-id", id).header("webhook-timestamp", at);
        Ok(request.header("webhook-signature", signatures).send(body)?.status().as_u16())
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_sample_in_python_takes_what_is_genuine_and_nothing_else() -> Result<()> {
    ensure!(runs("python", "python3", "receiver.py")?, "Python is needed for the tests");
    Ok(())
}

#[test]
fn the_sample_in_javascript_takes_what_is_genuine_and_nothing_else() -> Result<()> {
    runs("javascript", "node", "receiver.mjs").map(|_| ())
}

fn runs(language: &str, program: &str, file: &str) -> Result<bool> {
    let Some(sample) = Sample::start(language, program, file)? else { return Ok(false) };
    // The real thing, on its way out signed with two secrets.
    let tenants = Tenants::new(&[NEXT_SECRET, SECRET])?;
    let app = TestApp::start_with(tenants.options())?;
    let id = app.submit_order_telling(&drawn_pet(800), "1001", &sample.url())?;
    app.wait_webhook(&id, "delivered")?;
    // The same message as a bystander might have seen it.
    let tap = Receiver::start(|_| Some(204))?;
    let tapped_id = app.submit_telling(&drawn_pet(800), &tap.url())?;
    app.wait_webhook(&tapped_id, "delivered")?;
    let heard = tap.until_heard(1)?.remove(0);
    let (message, at, signatures) =
        (heard.header("webhook-id"), heard.header("webhook-timestamp"), heard.header("webhook-signature"));
    let body = &heard.body;
    let post =
        |message: &str, at: &str, signatures: &str, body: &[u8]| sample.post(message, at, signatures, body);

    assert_eq!(post(message, at, signatures, body)?, 204);
    assert_eq!(post(message, at, signatures, body)?, 204, "a repetition is taken, and known for one");
    let (past, future) = (now()? - 600, now()? + 600);
    let (old, early) = (past.to_string(), future.to_string());
    let altered = String::from_utf8(body.clone())?.replace("\"done\"", "\"failed\"");
    for (what, status) in [
        ("altered", post(message, at, signatures, altered.as_bytes())?),
        ("another id", post("msg_other", at, signatures, body)?),
        ("another time", post(message, &(at.parse::<i64>()? + 1).to_string(), signatures, body)?),
        ("replayed", post(message, &old, &signature(SECRET, message, past, body)?, body)?),
        ("from the future", post(message, &early, &signature(SECRET, message, future, body)?, body)?),
        ("another secret", post(message, at, &signature(NEXT_SECRET, message, at.parse()?, body)?, body)?),
        ("no signature", post(message, at, "", body)?),
        ("half a signature", post(message, at, &signatures[..10], body)?),
        ("another version", post(message, at, &signatures.replace("v1,", "v2,"), body)?),
        ("no time", post(message, "", signatures, body)?),
        ("not a time", post(message, "soon", signatures, body)?),
    ] {
        assert_eq!(status, 400, "{what}");
    }
    let log = sample.log()?;
    let lines: Vec<&str> = log.lines().collect();
    if lines.len() != 2 || !lines[0].starts_with(&format!("headshot.done {id} 1001")) {
        bail!("the sample in {language} has understood something else: {log}");
    }
    Ok(true)
}
