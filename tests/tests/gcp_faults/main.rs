//! The service on Google Cloud, when something goes wrong: whatever was accepted is rendered, once.
//!
//! The real binaries run against Google's own emulators of Pub/Sub and Firestore and a fake of Cloud Storage. The tests take
//! turns, since each of them keeps a machine busy.

mod expired;
mod kills;
mod long_outages;
mod messages;
mod outages;
mod stops;
mod suspects;
mod workers;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use headshot_core::{JobId, TaskMessage};
use headshot_tests::{Cloud, TestApp, drawn_pets};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Small, because these tests are about services and not about pixels. Another one each time, out of three, so that it is
/// noticed if a job is given the pictures of another.
fn photo() -> &'static [u8] {
    static PHOTOS: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| drawn_pets(800));
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    &PHOTOS[NEXT.fetch_add(1, Ordering::Relaxed) % PHOTOS.len()]
}

fn is(job: &Value, status: &str) -> bool {
    job["status"] == status
}

fn task(job_id: &str) -> Result<Vec<u8>> {
    let job_id: JobId = job_id.parse().ok().context("a job id")?;
    let (orig_bucket, orig_key) = ("shop-originals".into(), format!("{job_id}/original"));
    Ok(TaskMessage { v: TaskMessage::VERSION, job_id, orig_bucket, orig_key }.to_json())
}

/// Waits until something is the case.
fn until(what: &str, patience: Duration, mut holds: impl FnMut() -> Result<bool>) -> Result<Duration> {
    let asked = Instant::now();
    while !holds()? {
        ensure!(asked.elapsed() < patience, "not within {patience:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(asked.elapsed())
}

/// Waits for all these jobs and checks what holds after any fault: each is done; the pictures in storage are the ones that
/// its record describes; no worker said of one that was finished that it has finished it, too; nothing is left that was
/// accepted and not finished. Returns the jobs' documents.
fn all_done_once(cloud: &Cloud, app: &TestApp, ids: &[String]) -> Result<Vec<Value>> {
    let jobs: Vec<Value> = ids.iter().map(|id| app.wait_done(id)).collect::<Result<_>>()?;
    for job in &jobs {
        pictures_are_as_recorded(app, job)?;
    }
    let finished = finished(app);
    let twice: Vec<_> = finished.iter().filter(|(_, times)| **times > 1).collect();
    ensure!(twice.is_empty(), "finished more than once: {twice:?}");
    // A client that was told 503 may have a record all the same; then the job is done like any other.
    until("every record is done", Duration::from_secs(30), || {
        let records = cloud.records()?;
        Ok(records.iter().all(|record| record["fields"]["status"]["stringValue"] == "done"))
    })?;
    pictures_are_of_the_jobs_own_photos(&cloud.records()?)?;
    let known = known_pictures(cloud)?;
    let stored: BTreeSet<String> = cloud.pictures().into_iter().collect();
    ensure!(stored == known, "stored: {stored:#?}, recorded: {known:#?}");
    Ok(jobs)
}

fn pictures_are_as_recorded(app: &TestApp, job: &Value) -> Result<()> {
    let outputs = job["outputs"].as_array().context("outputs")?;
    ensure!(outputs.len() == 2, "{job:#}");
    for output in outputs {
        let rendition = output["rendition"].as_str().context("a rendition")?;
        let url = job[format!("{rendition}_url")].as_str().context("a link")?;
        let digest = Sha256::digest(app.download(url)?);
        let stored: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        ensure!(output["sha256"] == stored, "{rendition} is not the recorded one: {job:#}");
    }
    Ok(())
}

/// The same photo always gives the same pictures, byte for byte, and two photos never do.
fn pictures_are_of_the_jobs_own_photos(records: &[Value]) -> Result<()> {
    let mut made: BTreeMap<(String, String), String> = BTreeMap::new();
    for record in records {
        let photo = text(&record["fields"]["upload"]["mapValue"]["fields"]["sha256"])?;
        let outputs = record["fields"]["outputs"]["arrayValue"]["values"].as_array().context("outputs")?;
        for output in outputs.iter().map(|output| &output["mapValue"]["fields"]) {
            let (rendition, picture) = (text(&output["rendition"])?, text(&output["sha256"])?);
            let first = made.entry((photo.clone(), rendition)).or_insert_with(|| picture.clone());
            ensure!(*first == picture, "two jobs with one photo have different pictures: {record:#}");
        }
    }
    let pictures: BTreeSet<&String> = made.values().collect();
    ensure!(pictures.len() == made.len(), "jobs with different photos have the same picture: {made:#?}");
    Ok(())
}

fn text(value: &Value) -> Result<String> {
    Ok(value["stringValue"].as_str().with_context(|| format!("no text: {value}"))?.to_owned())
}

/// The pictures that records speak of, and the matte that was stored with them.
fn known_pictures(cloud: &Cloud) -> Result<BTreeSet<String>> {
    let mut known = BTreeSet::new();
    for record in cloud.records()? {
        known.insert(format!("{}/matte.png", text(&record["fields"]["job_id"])?));
        let outputs = record["fields"]["outputs"]["arrayValue"]["values"].as_array();
        for output in outputs.context("a finished record has outputs")? {
            let key = output["mapValue"]["fields"]["key"]["stringValue"].as_str();
            known.insert(key.context("an output has a key")?.to_owned());
        }
    }
    Ok(known)
}

/// How often each job was finished, by the word of all workers there have been.
fn finished(app: &TestApp) -> HashMap<String, usize> {
    let mut jobs = HashMap::new();
    for line in app.worker_lines() {
        let message = line["message"].as_str().unwrap_or_default();
        if let Some(id) = line["job_id"].as_str().filter(|_| message.starts_with("finished:")) {
            *jobs.entry(id.to_owned()).or_default() += 1;
        }
    }
    jobs
}

/// Waits until a sum of workers' metrics is `wanted`.
fn until_counted(app: &TestApp, outcome: &str, wanted: f64) -> Result<()> {
    let line = format!("headshot_jobs_total{{outcome=\"{outcome}\"}}");
    let asked = Instant::now();
    loop {
        let counts = (0..app.worker_count()).map(|number| app.worker_metric(number, &line));
        let sum = counts.sum::<Result<f64>>()?;
        if sum >= wanted {
            ensure!(sum == wanted, "{outcome}: {sum} instead of {wanted}");
            return Ok(());
        }
        if asked.elapsed() > Duration::from_secs(60) {
            bail!("{outcome}: {sum} of {wanted}");
        }
        thread::sleep(Duration::from_millis(50));
    }
}
