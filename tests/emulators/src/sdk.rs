use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

/// The emulators' programs on this machine.
#[derive(Clone, Debug)]
pub struct Sdk {
    pub(crate) pubsub: PathBuf,
    pub(crate) firestore: PathBuf,
}

/// Where packages and archives of the Google Cloud CLI put it.
const USUAL_PLACES: [&str; 5] = [
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/snap/google-cloud-sdk/current",
    "/usr/local/Caskroom/google-cloud-sdk/latest/google-cloud-sdk",
];

impl Sdk {
    /// Looks for the emulators and for Java.
    ///
    /// # Errors
    /// What is missing, as a sentence.
    pub fn find() -> Result<Self> {
        ensure!(answers("java", "-version"), "Java is not installed");
        let places = USUAL_PLACES.iter().map(PathBuf::from).chain(home_of_gcloud());
        for root in places {
            let platform = root.join("platform");
            let firestore = platform.join("cloud-firestore-emulator/cloud-firestore-emulator.jar");
            if let Some(pubsub) = pubsub_jar(&platform.join("pubsub-emulator/lib"))
                && firestore.is_file()
            {
                return Ok(Self { pubsub, firestore });
            }
        }
        bail!(
            "the Google Cloud CLI's emulators are not installed \
             (gcloud components install pubsub-emulator cloud-firestore-emulator)"
        )
    }

    /// [`Sdk::find`] for a test, which is skipped where there is none. It says so on standard error, past the capture of
    /// the test harness. With `REQUIRE_EMULATORS=1`, as in CI, a test is never skipped.
    ///
    /// # Panics
    /// They are missing although they are required.
    pub fn find_or_skip(test: &str) -> Option<Self> {
        match Self::find() {
            Ok(sdk) => Some(sdk),
            Err(why) => {
                let required = std::env::var_os("REQUIRE_EMULATORS").is_some_and(|value| value == "1");
                assert!(!required, "{test} cannot run: {why}");
                // Not `eprintln!`, which the test harness keeps to itself as long as the test passes.
                let line = format!("\nSKIPPED: {test}: {why}\n\n");
                let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
                None
            }
        }
    }
}

/// The Pub/Sub emulator calls a method that the gRPC library it carries does not have, each time a client ends a stream,
/// and keeps the stream's subscriber, which goes on taking messages. A class with that method ahead of the jar cures it.
/// Without a Java compiler there is no cure; a fresh subscription for each test does for most of them.
pub(crate) fn cure(jar: &Path) -> Result<Option<TempDir>> {
    if !answers("javac", "-version") {
        return Ok(None);
    }
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let source = folder.path().join("InternalStatus.java");
    std::fs::write(&source, include_str!("InternalStatus.java")).context("writing InternalStatus.java")?;
    let compiled = Command::new("javac")
        .arg("-nowarn")
        .arg("-classpath")
        .arg(jar)
        .arg("-d")
        .arg(folder.path())
        .arg(&source)
        .output()
        .context("running javac")?;
    ensure!(compiled.status.success(), "javac: {}", String::from_utf8_lossy(&compiled.stderr));
    Ok(Some(folder))
}

fn home_of_gcloud() -> Option<PathBuf> {
    let asked =
        Command::new("gcloud").args(["info", "--format=value(installation.sdk_root)"]).output().ok()?;
    let root = String::from_utf8(asked.stdout).ok()?;
    Some(PathBuf::from(root.trim())).filter(|root| root.is_absolute())
}

fn pubsub_jar(folder: &Path) -> Option<PathBuf> {
    let jars = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
    jars.filter(|path| path.extension().is_some_and(|extension| extension == "jar")).max()
}

fn answers(program: &str, argument: &str) -> bool {
    let run = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}
