//! Sends photos through the real API and worker while either is killed and started again at random, and looks at what is left.
//! `infra/soak` starts it and says how.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use headshot_tests::{Client, Options, Process, TestApp, drawn_pets};
use serde_json::Value;

/// Photos are sent so many at a time.
const CLIENTS: usize = 3;

/// More are not let in to wait.
const BACKLOG: usize = 40;

/// The share of photos, or of the time, with kills. The rest is for what grows.
const KILLING: f64 = 0.6;

/// Memory and descriptors of a process may grow by so much once it is warm, and no further.
const GROWTH: (u64, usize) = (48 << 20, 24);

/// How long after the last photo a job may take, beside its turn in the queue.
const PATIENCE: Duration = Duration::from_secs(120);

struct Plan {
    photos: usize,
    kills: usize,
    /// Instead of the two numbers.
    seconds: Option<u64>,
    seed: u64,
}

#[derive(Default)]
struct Sent {
    accepted: Mutex<Vec<String>>,
    refused: AtomicUsize,
    next: AtomicUsize,
    stop: AtomicBool,
}

/// Memory in bytes and open files of a process.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    memory: u64,
    files: usize,
}

fn main() -> Result<ExitCode> {
    let plan = Plan::read()?;
    println!("seed {}", plan.seed);
    // A job that happens to be there at five kills is not at fault here.
    let options = Options::default().worker("WORKER_CONCURRENCY", 2).worker("MAX_ATTEMPTS", 100);
    let mut options = options.worker("PREVIEW_LONG_EDGE", 400).worker("PRINT_LONG_EDGE", 800);
    // As fast as the worker is.
    options.api.push(("MAX_BACKLOG", BACKLOG.to_string()));
    let mut app = TestApp::start_with(options)?;
    let (photos, sent, began) = (drawn_pets(480), Sent::default(), Instant::now());
    let client = app.client();
    let (kills, growth) = thread::scope(|scope| -> Result<(usize, [String; 2])> {
        for _ in 0..CLIENTS {
            scope.spawn(|| send(&client, &photos, &sent, &plan));
        }
        let end = stop_at_the_end(&sent);
        let kills = kill(&mut app, &plan, &sent, began)?;
        println!("{kills} kills in {} s, {} photos accepted", began.elapsed().as_secs(), sent.count());
        let growth = grow(&app, &plan, &sent, began)?;
        drop(end);
        Ok((kills, growth))
    })?;
    let accepted = sent.accepted.lock().expect("no client panics").clone();
    let lost = drain(&mut app, &accepted)?;
    let twice = finished_twice(&app);
    let orphans = orphans(app.data_dir(), &accepted)?;
    let refused = sent.refused.load(Ordering::Relaxed);
    println!(
        "{refused} uploads broke off or were refused and were sent again; {} cut-off photos remain",
        orphans.cut_off
    );
    for (what, those) in [("lost", &lost), ("done twice", &twice), ("orphan", &orphans.files)] {
        those.iter().take(20).for_each(|one| println!("{what}: {one}"));
    }
    let once = accepted.len() - lost.len() - twice.len();
    println!(
        "accepted {}, done once {once}, lost {}, orphans {}, growth {} {} ({kills} kills, {} s)",
        accepted.len(),
        lost.len(),
        orphans.files.len(),
        growth[0],
        growth[1],
        began.elapsed().as_secs(),
    );
    let grew = growth.iter().any(|of| of.contains('!'));
    let well =
        lost.is_empty() && twice.is_empty() && orphans.files.is_empty() && !grew && !accepted.is_empty();
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Plan {
    fn read() -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_nanos() as u64);
        let mut plan = Self { photos: 300, kills: 100, seconds: None, seed: now | 1 };
        let mut arguments = env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value: u64 = arguments.next().and_then(|value| value.parse().ok()).context("a number")?;
            match name.as_str() {
                "--photos" => plan.photos = value as usize,
                "--kills" => plan.kills = value as usize,
                "--seconds" => plan.seconds = Some(value),
                "--seed" => plan.seed = value | 1,
                _ => bail!("--photos, --kills, --seconds and --seed, each with a number"),
            }
        }
        ensure!(plan.photos > 0, "at least one photo");
        Ok(plan)
    }

    /// Whether this share of everything is behind us.
    fn is_past(&self, share: f64, accepted: usize, began: Instant) -> bool {
        match self.seconds {
            Some(seconds) => began.elapsed().as_secs_f64() >= seconds as f64 * share,
            None => accepted as f64 >= self.photos as f64 * share,
        }
    }
}

impl Sent {
    fn count(&self) -> usize {
        self.accepted.lock().expect("no client panics").len()
    }
}

/// A client must not go on when the rest has failed.
fn stop_at_the_end(sent: &Sent) -> impl Drop + '_ {
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    Stop(&sent.stop)
}

/// Another file each time, so that no worker finds it rendered already: with a comment of its own behind the first marker.
fn another(photo: &[u8], number: usize) -> Vec<u8> {
    let comment = format!("{number:020}");
    let length = (comment.len() as u16 + 2).to_be_bytes();
    [&photo[..2], &[0xff, 0xfe], &length, comment.as_bytes(), &photo[2..]].concat()
}

fn send(client: &Client, photos: &[Vec<u8>], sent: &Sent, plan: &Plan) {
    while !sent.stop.load(Ordering::Relaxed) {
        if plan.seconds.is_none() && sent.count() >= plan.photos {
            return;
        }
        let number = sent.next.fetch_add(1, Ordering::Relaxed);
        match client.post(&another(&photos[number % photos.len()], number)) {
            // Also one whose task could not be published is safe.
            Ok(answer) if answer.job_id().is_ok() => {
                let id = answer.job_id().expect("it was just looked at");
                sent.accepted.lock().expect("no client panics").push(id);
            }
            _ => {
                sent.refused.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// Kills one of the two, and starts it again, until its share is done. Returns how often.
fn kill(app: &mut TestApp, plan: &Plan, sent: &Sent, began: Instant) -> Result<usize> {
    let (mut random, mut kills) = (plan.seed, 0);
    let enough = |kills: usize| plan.seconds.is_some() || kills >= plan.kills;
    while !(plan.is_past(KILLING, sent.count(), began) && enough(kills)) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        thread::sleep(Duration::from_millis(50 + random % 1200));
        if random >> 32 & 1 == 0 {
            app.kill_9_api()?;
            app.start_api()?;
        } else {
            app.kill_9_worker()?;
            app.start_worker(0)?;
        }
        kills += 1;
        if kills % 50 == 0 {
            println!("{kills} kills, {} accepted, {} s", sent.count(), began.elapsed().as_secs());
        }
    }
    Ok(kills)
}

/// Watches what grows while nothing is killed, from the moment at which both are warm.
fn grow(app: &TestApp, plan: &Plan, sent: &Sent, began: Instant) -> Result<[String; 2]> {
    let sizes = || -> Result<[Size; 2]> { Ok([size(app.api()?)?, size(app.worker(0)?)?]) };
    let warm_at = if plan.seconds.is_some() { 0.75 } else { KILLING + 0.1 };
    let mut warm: Option<[Size; 2]> = None;
    let mut most = [Size::default(); 2];
    while !plan.is_past(0.95, sent.count(), began) {
        thread::sleep(Duration::from_millis(500));
        if plan.is_past(warm_at, sent.count(), began) {
            let now = sizes()?;
            let first = *warm.get_or_insert(now);
            for (most, (now, first)) in most.iter_mut().zip(now.iter().zip(first)) {
                most.memory = most.memory.max(now.memory.saturating_sub(first.memory));
                most.files = most.files.max(now.files.saturating_sub(first.files));
            }
        }
    }
    ensure!(warm.is_some(), "too few photos to see what grows");
    let [api, worker] = most.map(|most| {
        let bad = if most.memory > GROWTH.0 || most.files > GROWTH.1 { "!" } else { "" };
        format!("{} MB and {} descriptors{bad}", most.memory >> 20, most.files)
    });
    Ok([format!("api {api},"), format!("worker {worker}")])
}

fn size(process: &Process) -> Result<Size> {
    let memory = process.resident_memory().context("the soak needs /proc")?;
    Ok(Size { memory, files: process.open_files().context("the soak needs /proc")? })
}

/// Waits until every job has ended. Those that are not done are lost.
fn drain(app: &mut TestApp, accepted: &[String]) -> Result<BTreeSet<String>> {
    let mut open: BTreeSet<String> = accepted.iter().cloned().collect();
    let mut lost = BTreeSet::new();
    let mut news = Instant::now();
    while !open.is_empty() && news.elapsed() < PATIENCE {
        let before = open.len();
        for id in open.clone() {
            let Ok(job) = app.job(&id) else {
                // Whatever is the matter, it must not be that a process has ended by itself.
                app.check_alive()?;
                continue;
            };
            match job["status"].as_str() {
                Some("done") => _ = open.remove(&id),
                Some("failed") => {
                    println!("failed: {}", job["error"]);
                    lost.extend(open.take(&id));
                }
                _ => {}
            }
        }
        if open.len() < before {
            news = Instant::now();
        }
        thread::sleep(Duration::from_millis(300));
    }
    lost.extend(open);
    Ok(lost)
}

/// Jobs that workers say to have finished more than once.
fn finished_twice(app: &TestApp) -> BTreeSet<String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for line in app.worker_lines() {
        let finished = line["message"].as_str().is_some_and(|message| message.starts_with("finished:"));
        if let Some(id) = line["job_id"].as_str().filter(|_| finished) {
            *times.entry(id.to_owned()).or_default() += 1;
        }
    }
    times.into_iter().filter(|(_, times)| *times > 1).map(|(id, _)| id).collect()
}

struct Orphans {
    /// Files and records that must not be there.
    files: BTreeSet<String>,
    /// Photos whose upload was cut off between file and record. Their senders know of no job; in production the bucket's
    /// lifecycle removes them.
    cut_off: usize,
}

/// Files that no record speaks of, and records that have not ended.
fn orphans(folder: &Path, accepted: &[String]) -> Result<Orphans> {
    let data = folder.join("data");
    let database = rusqlite::Connection::open(data.join("headshot.sqlite3"))?;
    let mut statement = database.prepare("SELECT document FROM jobs")?;
    let documents = statement.query_map((), |row| row.get::<_, String>(0))?;
    let mut orphans = Orphans { files: BTreeSet::new(), cut_off: 0 };
    let (mut known, mut jobs) = (BTreeSet::new(), BTreeSet::new());
    for document in documents {
        let record: Value = serde_json::from_str(&document?)?;
        let id = record["job_id"].as_str().context("an id")?.to_owned();
        if record["status"] != "done" {
            orphans.files.insert(format!("the record of {id} is {}", record["status"]));
        }
        let outputs = record["outputs"].as_array().context("outputs")?;
        known
            .extend(outputs.iter().filter_map(|output| Some(format!("outputs/{}", output["key"].as_str()?))));
        known.insert(format!("outputs/{id}/matte.png"));
        known.insert(format!("originals/{id}/original"));
        jobs.insert(id);
    }
    for file in files(&data.join("blobs"))?.difference(&known) {
        let id = file.strip_prefix("originals/").and_then(|file| file.strip_suffix("/original"));
        match id {
            Some(id) if !accepted.iter().any(|known| known == id) => orphans.cut_off += 1,
            _ => _ = orphans.files.insert(file.clone()),
        }
    }
    for file in known.difference(&files(&data.join("blobs"))?) {
        orphans.files.insert(format!("{file} is missing"));
    }
    println!("{} records, {} files of blobs", jobs.len(), known.len());
    Ok(orphans)
}

/// The paths of all files in a folder, from there on.
fn files(folder: &Path) -> Result<BTreeSet<String>> {
    let (mut found, mut folders) = (BTreeSet::new(), vec![folder.to_owned()]);
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(&inner)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder)?.to_string_lossy().into_owned());
            }
        }
    }
    Ok(found)
}
