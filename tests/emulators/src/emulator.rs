use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::sdk::{Sdk, cure};
use crate::{firestore, http};

/// A running emulator. It ends with this value, and also with this process, however that ends.
pub struct Emulator {
    name: &'static str,
    port: u16,
    java: Vec<OsString>,
    /// Prepares what has just started for its first client.
    prepare: fn(&str) -> Result<()>,
    running: Option<Running>,
    /// Holds what has to be ahead of the jar.
    _cure: Option<TempDir>,
}

struct Running {
    shell: Child,
    java: u32,
}

/// An idle machine needs four seconds; one that compiles at the same time, many more.
const STARTUP: Duration = Duration::from_secs(90);

/// Java does not notice that whoever started it is gone. This shell does, by the end of its input, and takes Java along.
const KEEPER: &str = "\"$@\" >/dev/null 2>&1 </dev/null & echo $!; cat >/dev/null; kill -9 $! 2>/dev/null";

impl Emulator {
    /// Starts Pub/Sub's emulator on a free port.
    ///
    /// # Errors
    /// It does not start.
    pub fn pubsub(sdk: &Sdk) -> Result<Self> {
        let cure = cure(&sdk.pubsub)?;
        let mut classes = OsString::new();
        if let Some(cure) = &cure {
            classes.push(cure.path());
            classes.push(":");
        }
        classes.push(&sdk.pubsub);
        let main = "com.google.cloud.pubsub.testing.v1.Main";
        Self::start("the Pub/Sub emulator", "-Xmx384m", classes, main, |_| Ok(()), cure)
    }

    /// Starts Firestore's emulator on a free port.
    ///
    /// # Errors
    /// It does not start.
    pub fn firestore(sdk: &Sdk) -> Result<Self> {
        let main = "com.google.cloud.datastore.emulator.firestore.CloudFirestore";
        let jar = sdk.firestore.clone().into();
        Self::start("the Firestore emulator", "-Xmx512m", jar, main, firestore::first_write, None)
    }

    /// `host:port`, as the environment variables `*_EMULATOR_HOST` carry it.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends it in the middle of whatever it does. What it held is lost, since it keeps everything in memory.
    pub fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.shell.stdin.take());
            let _ = running.shell.wait();
        }
    }

    /// Starts it again on the same port, empty.
    ///
    /// # Errors
    /// It does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.stop();
        let port = format!("--port={}", self.port);
        let mut shell = Command::new("sh")
            .args(["-c", KEEPER, "sh", "java", "-Duser.language=en"])
            .args(&self.java)
            .args(["--host=127.0.0.1", &port])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting a shell")?;
        let mut line = String::new();
        let output = shell.stdout.take().context("the shell has no output")?;
        BufReader::new(output).read_line(&mut line).context("reading the emulator's process id")?;
        let java = line.trim().parse().context("the shell names no process id")?;
        self.running = Some(Running { shell, java });
        let started = Instant::now();
        while started.elapsed() < STARTUP {
            if http::call(&self.host(), "GET", "/", None).is_ok() {
                return (self.prepare)(&self.host());
            }
            sleep(Duration::from_millis(100));
        }
        bail!("{} does not answer", self.name)
    }

    /// Freezes it: connections stay open, and nothing is answered.
    ///
    /// # Errors
    /// It does not run.
    pub fn stall(&self) -> Result<()> {
        self.signal("-STOP")
    }

    /// Ends [`Emulator::stall`].
    ///
    /// # Errors
    /// It does not run.
    pub fn resume(&self) -> Result<()> {
        self.signal("-CONT")
    }

    fn start(
        name: &'static str,
        memory: &str,
        classes: OsString,
        main: &str,
        prepare: fn(&str) -> Result<()>,
        cure: Option<TempDir>,
    ) -> Result<Self> {
        let port = free_port()?;
        let java = [OsString::from(memory), "-cp".into(), classes, main.into()].into();
        let mut emulator = Self { name, port, java, prepare, running: None, _cure: cure };
        emulator.restart()?;
        Ok(emulator)
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let running = self.running.as_ref().with_context(|| format!("{} does not run", self.name))?;
        let sent = Command::new("kill").args([signal, &running.java.to_string()]).status();
        if !sent.context("running kill")?.success() {
            bail!("{} cannot be sent {signal}", self.name);
        }
        Ok(())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
    Ok(listener.local_addr().context("reading the free port's number")?.port())
}
