use std::env;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// One of the two binaries, running. Dropping it kills it.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

/// A binary of this workspace, built beside this test.
///
/// # Panics
/// It has not been built; Cargo builds binaries of other packages only when asked to.
pub fn binary(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows where it is");
    let folder = test.parent().and_then(Path::parent).expect("tests are built into target/PROFILE/deps");
    let path = folder.join(name);
    assert!(path.is_file(), "{} is missing: run `cargo build --release --bins` first", path.display());
    path
}

/// ONNX Runtime: as the environment says, else where `make setup` puts it.
///
/// # Panics
/// There is none.
pub fn runtime_library() -> PathBuf {
    let set_up = workspace().join(".runtime/onnxruntime/libonnxruntime.so");
    let path = env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()).map_or(set_up, PathBuf::from);
    assert!(path.is_file(), "{} is missing: run `make setup` first", path.display());
    path
}

/// The folder that holds the workspace.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

impl Process {
    /// Starts a binary with these settings and none of this process's own. Its log goes to `folder`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(name: &str, number: usize, folder: &Path, settings: &[(String, String)]) -> Result<Self> {
        let name_and_number = format!("{name}-{number}");
        let log = log_file(name, number, folder);
        let file = OpenOptions::new().create(true).append(true).open(&log).context("opening a log")?;
        let child = Command::new(binary(name))
            .env_clear()
            .env("ORT_DYLIB_PATH", runtime_library())
            .env("RUST_LOG", "info")
            .envs(settings.iter().cloned())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self { name: name_and_number, child, log })
    }

    /// `kill -9`, at once.
    ///
    /// # Errors
    /// It had gone already.
    pub fn kill_9(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} had ended by itself: {status}", self.name);
        }
        self.child.kill().context("kill -9")?;
        self.child.wait().context("waiting for its end")?;
        Ok(())
    }

    /// Sends a signal by its name, such as `STOP`.
    ///
    /// # Errors
    /// The signal could not be sent.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let sent =
            Command::new("kill").arg(format!("-{signal}")).arg(self.child.id().to_string()).status()?;
        if !sent.success() {
            bail!("kill -{signal} {}: {sent}", self.name);
        }
        Ok(())
    }

    /// SIGTERM; waits for the end, which must come within `patience`.
    ///
    /// # Errors
    /// It did not end in time.
    pub fn terminate(mut self, patience: Duration) -> Result<ExitStatus> {
        self.signal("TERM")?;
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if asked.elapsed() > patience {
                bail!("{} did not stop within {patience:?}", self.name);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// It ended, and this says how and what it logged last.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended: {status}\n{}", self.name, self.last_words()),
        }
    }

    /// Memory in RAM, in bytes; `None` where there is no `/proc`.
    pub fn resident_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
    }

    /// How many files and connections it has open; `None` where there is no `/proc`.
    pub fn open_files(&self) -> Option<usize> {
        Some(fs::read_dir(format!("/proc/{}/fd", self.child.id())).ok()?.count())
    }

    /// The names of its threads, cut to 15 characters; empty where there is no `/proc`.
    pub fn threads(&self) -> Vec<String> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok()).collect()
    }

    /// Everything it logged.
    pub fn log(&self) -> String {
        read_log(&self.log)
    }

    /// Everything it logged, line by line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        json_lines(&self.log())
    }

    /// Everything that was logged under a number, by whichever processes had it.
    pub(crate) fn log_of(name: &str, number: usize, folder: &Path) -> String {
        read_log(&log_file(name, number, folder))
    }

    fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(40)..).unwrap_or_default();
        format!("--- the last lines of {}:\n{}", self.name, last.join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("{}", self.last_words());
        }
    }
}

fn log_file(name: &str, number: usize, folder: &Path) -> PathBuf {
    folder.join(format!("{name}-{number}.log"))
}

fn read_log(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// A free port of this machine.
pub(crate) fn free_port() -> Result<u16> {
    // Asked of the system and let go again: somebody else could take it meanwhile, but hardly ever does.
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The lines of a log that are JSON, as all but a panic's are.
pub(crate) fn json_lines(log: &str) -> Vec<Value> {
    log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
