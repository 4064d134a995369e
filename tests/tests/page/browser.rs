//! A headless Chromium, driven over WebDriver: plain HTTP to the `chromedriver` that comes with it.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use ureq::Agent;

/// How long anything on the page may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// How WebDriver names an element in its answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What an element's WebDriver name is made from.
#[derive(Clone, Debug)]
pub struct Element(String);

/// One window of a browser of its own.
pub struct Browser {
    driver: Child,
    agent: Agent,
    session: String,
}

/// How large the window is, and what the visitor's system prefers.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
}

pub const DESKTOP: View = View { width: 1280, height: 860, dark: false };
pub const PHONE: View = View { width: 360, height: 740, dark: false };

impl View {
    pub fn dark(self) -> Self {
        Self { dark: true, ..self }
    }
}

impl Browser {
    /// Opens `url`. `None`, said loudly: this machine has no Chromium with its driver.
    pub fn open(url: &str, view: View) -> Result<Option<Self>> {
        let found = program(&["chromedriver"]).zip(program(&[
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
        ]));
        let Some((driver, chromium)) = found else {
            eprintln!(
                "SKIPPED: there is no Chromium with its chromedriver here; infra/setup --test installs them"
            );
            return Ok(None);
        };
        let mut driver = Command::new(driver)
            .args(["--port=0", "--log-level=SEVERE"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting chromedriver")?;
        let port = port(&mut driver);
        let config =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        let mut browser = Self { driver, agent: config.into(), session: String::new() };
        browser.session = format!("http://127.0.0.1:{}/session", port?);
        let mut arguments =
            vec!["--headless=new", "--hide-scrollbars", "--disable-dev-shm-usage", "--lang=en"];
        // Chromium's sandbox refuses to run as root, as everything in a container does.
        if Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n") {
            arguments.push("--no-sandbox");
        }
        let session = browser.call(
            "POST",
            "",
            &json!({"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": {"binary": chromium, "args": arguments},
                "goog:loggingPrefs": {"browser": "ALL"},
            }}}),
        )?;
        let id = session["sessionId"].as_str().context("a session has an id")?;
        browser.session = format!("{}/{id}", browser.session);
        browser.view(view)?;
        browser.post("/url", &json!({"url": url}))?;
        Ok(Some(browser))
    }

    /// Loads the page again.
    pub fn reload(&self) -> Result<()> {
        self.post("/refresh", &json!({})).map(drop)
    }

    /// Makes the window another one.
    pub fn view(&self, view: View) -> Result<()> {
        let size =
            json!({"width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &size)?;
        self.prefer(&[("prefers-color-scheme", if view.dark { "dark" } else { "light" })])
    }

    /// Sets what media queries ask for.
    pub fn prefer(&self, features: &[(&str, &str)]) -> Result<()> {
        let features: Vec<Value> =
            features.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        self.devtools("Emulation.setEmulatedMedia", &json!({"features": features})).map(drop)
    }

    /// The value of a script's `return`.
    pub fn script(&self, script: &str) -> Result<Value> {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// The text of an element, as a visitor sees it.
    pub fn text(&self, css: &str) -> Result<String> {
        let text = self.call("GET", &format!("/element/{}/text", self.element(css)?.0), &Value::Null)?;
        Ok(text.as_str().unwrap_or_default().replace('\u{a0}', " "))
    }

    /// Clicks the middle of an element, which must be visible.
    pub fn click(&self, css: &str) -> Result<()> {
        self.post(&format!("/element/{}/click", self.element(css)?.0), &json!({})).map(drop)
    }

    /// Types into an element; for a file input, the path of the file.
    pub fn type_into(&self, css: &str, text: &str) -> Result<()> {
        self.post(&format!("/element/{}/value", self.element(css)?.0), &json!({"text": text})).map(drop)
    }

    /// Presses a key, wherever the focus is.
    pub fn press(&self, key: char) -> Result<()> {
        let strokes = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        let keyboard = json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]});
        self.post("/actions", &keyboard).map(drop)
    }

    /// The id of the element that has the focus, or else its tag.
    pub fn focused(&self) -> Result<String> {
        let name = self.script("const e = document.activeElement; return e.id || e.value || e.tagName")?;
        Ok(name.as_str().unwrap_or_default().to_owned())
    }

    /// Drags files from outside into the window and lets them go over its middle.
    pub fn drop_files(&self, files: &[&Path]) -> Result<()> {
        let data = json!({"items": [], "files": files, "dragOperationsMask": 1});
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({"type": kind, "x": 200, "y": 300, "data": data});
            self.devtools("Input.dispatchDragEvent", &event)?;
        }
        Ok(())
    }

    /// Waits for the page to turn to a state, and fails if it turns to trouble instead.
    pub fn until(&self, state: &str) -> Result<()> {
        self.until_true(&format!("return ['{state}', 'trouble'].includes(document.body.dataset.state)"))?;
        let now = self.script("return document.body.dataset.state")?;
        ensure!(now == state, "{now} instead of {state}: {}", self.text("main")?);
        Ok(())
    }

    /// Waits for a script to return true.
    pub fn until_true(&self, script: &str) -> Result<()> {
        let began = Instant::now();
        while self.script(script)? != true {
            if began.elapsed() > PATIENCE {
                bail!("never true: {script}\n{}", self.text("main")?);
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Everything that the console has said since it was asked last, violations of the policy included.
    pub fn console(&self) -> Result<Vec<String>> {
        let entries = self.post("/se/log", &json!({"type": "browser"}))?;
        let text = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        Ok(entries.as_array().context("a list of entries")?.iter().map(text).collect())
    }

    /// What assistive technology is told: role and name of everything that it does not pass over.
    pub fn accessible(&self) -> Result<Vec<(String, String)>> {
        self.devtools("Accessibility.enable", &json!({}))?;
        let tree = self.devtools("Accessibility.getFullAXTree", &json!({}))?;
        let nodes = tree["nodes"].as_array().context("a list of nodes")?;
        let part = |node: &Value, part: &str| node[part]["value"].as_str().unwrap_or_default().to_owned();
        let told = nodes.iter().filter(|node| node["ignored"] == false);
        Ok(told.map(|node| (part(node, "role"), part(node, "name"))).collect())
    }

    /// A picture of the whole page, for people to look at, in the folder for what tests leave behind.
    pub fn photograph(&self, name: &str) -> Result<()> {
        let size = self.script(
            "const e = document.documentElement; return [innerWidth, Math.max(e.scrollHeight, innerHeight)]",
        )?;
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1});
        let shot =
            self.devtools("Page.captureScreenshot", &json!({"captureBeyondViewport": true, "clip": clip}))?;
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page");
        fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{name}.png"));
        fs::write(&file, decode_base64(shot["data"].as_str().context("a picture")?)?)?;
        println!("{}", file.display());
        Ok(())
    }

    /// A command of Chromium's own protocol.
    fn devtools(&self, command: &str, parameters: &Value) -> Result<Value> {
        self.post("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    fn element(&self, css: &str) -> Result<Element> {
        let found = self.post("/element", &json!({"using": "css selector", "value": css}))?;
        Ok(Element(found[ELEMENT].as_str().with_context(|| format!("no {css}"))?.to_owned()))
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call("POST", path, body)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let url = format!("{}{path}", self.session);
        let mut response = match method {
            "GET" => self.agent.get(url).call()?,
            "DELETE" => self.agent.delete(url).call()?,
            _ => self.agent.post(url).send(body.to_string())?,
        };
        let text = response.body_mut().with_config().limit(100_000_000).read_to_string()?;
        let mut answer: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
        ensure!(response.status() == 200, "{method} {path} {body}: {}", answer["value"]["message"]);
        Ok(answer["value"].take())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its driver ends the browser; without the driver nobody would.
        let _ = self.call("DELETE", "", &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The first of these programs that is on the `PATH`.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

/// The port that the driver took, as it says.
fn port(driver: &mut Child) -> Result<u16> {
    let said = driver.stdout.take().context("chromedriver says nothing")?;
    let mut lines = BufReader::new(said).lines();
    let line = lines.find_map(|line| line.ok().filter(|line| line.contains("started successfully on port")));
    let port = line.as_deref().and_then(|line| line.trim_end_matches('.').rsplit(' ').next()?.parse().ok());
    // Whatever it says later is nobody's, but it must not find its pipe closed.
    std::thread::spawn(move || lines.for_each(drop));
    port.with_context(|| format!("chromedriver did not start: {line:?}"))
}

fn decode_base64(text: &str) -> Result<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for c in text.bytes().filter(|c| *c != b'=') {
        let six = ALPHABET.iter().position(|a| *a == c).context("it is not base64")?;
        bits = bits << 6 | u32::try_from(six)?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff)?);
        }
    }
    Ok(bytes)
}
