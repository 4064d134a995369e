use std::ops::Deref;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::{Answer, Client, PATIENCE};
use crate::process::{Process, free_port, json_lines};

/// The service as a user runs it: an API and workers as processes on one data directory.
pub struct TestApp {
    folder: TempDir,
    client: Client,
    options: Options,
    api: Option<Process>,
    api_port: u16,
    workers: Vec<Option<(Process, u16)>>,
}

/// What a test wants to be different.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many workers are started.
    pub workers: usize,
    /// Settings of the API besides address and folder.
    pub api: Vec<(&'static str, String)>,
    /// Settings of every worker besides address and folder.
    pub worker: Vec<(&'static str, String)>,
}

impl Default for Options {
    /// One worker. A killed worker's jobs come back after three seconds instead of thirty.
    fn default() -> Self {
        let quick = [("JOB_LEASE_SECONDS", 3), ("SWEEP_INTERVAL_SECONDS", 1), ("SWEEP_UNTOUCHED_SECONDS", 3)];
        let worker = quick.map(|(name, seconds)| (name, seconds.to_string())).to_vec();
        Self { workers: 1, api: Vec::new(), worker }
    }
}

/// What a client can ask for, a test can ask the app for.
impl Deref for TestApp {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Options {
    /// The same with one more setting of the workers.
    #[must_use]
    pub fn worker(mut self, name: &'static str, value: impl ToString) -> Self {
        self.worker.push((name, value.to_string()));
        self
    }

    /// The same with one more setting of every process.
    #[must_use]
    pub fn both(mut self, name: &'static str, value: impl ToString) -> Self {
        self.api.push((name, value.to_string()));
        self.worker(name, value)
    }

    /// The same with so many workers.
    #[must_use]
    pub fn workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }
}

impl TestApp {
    /// Starts everything and waits until it is ready.
    ///
    /// # Errors
    /// Something does not get ready; its log is in the error.
    pub fn start() -> Result<Self> {
        Self::start_with(Options::default())
    }

    /// The same with some things different.
    ///
    /// # Errors
    /// As [`TestApp::start`].
    pub fn start_with(options: Options) -> Result<Self> {
        let workers = (0..options.workers).map(|_| None).collect();
        let folder = TempDir::new().context("a temporary folder")?;
        let api_port = free_port()?;
        let client = Client::new(api_port);
        let mut app = Self { folder, client, options, api: None, api_port, workers };
        app.start_api()?;
        for number in 0..app.workers.len() {
            app.start_worker(number)?;
        }
        Ok(app)
    }

    /// Starts the API, on the port it had before.
    ///
    /// # Errors
    /// It does not get ready.
    pub fn start_api(&mut self) -> Result<()> {
        let settings = self.settings(self.api_port, &self.options.api);
        let mut api = Process::start("headshot-api", 0, self.folder.path(), &settings)?;
        self.until_ready(self.api_port, &mut api)?;
        self.api = Some(api);
        Ok(())
    }

    /// Starts a worker, counted from 0.
    ///
    /// # Errors
    /// It does not get ready.
    pub fn start_worker(&mut self, number: usize) -> Result<()> {
        let (mut worker, port) = self.launch_worker(number)?;
        self.until_ready(port, &mut worker)?;
        self.keep_worker(number, worker, port)
    }

    /// Starts a worker, counted from 0, at a time when it cannot get ready. It must come up all the same.
    ///
    /// # Errors
    /// It does not answer, or says that it is ready.
    pub fn start_worker_unready(&mut self, number: usize) -> Result<()> {
        let (mut worker, port) = self.launch_worker(number)?;
        let url = format!("http://127.0.0.1:{port}/readyz");
        until(&url, &mut worker, || Ok(self.client.get_url(&url)?.status == 503))?;
        self.keep_worker(number, worker, port)
    }

    /// `kill -9` of the API.
    ///
    /// # Errors
    /// It was not running.
    pub fn kill_9_api(&mut self) -> Result<()> {
        self.api.take().context("the API is not running")?.kill_9()
    }

    /// `kill -9` of the first worker.
    ///
    /// # Errors
    /// It was not running.
    pub fn kill_9_worker(&mut self) -> Result<()> {
        self.take_worker(0)?.kill_9()
    }

    /// Takes the API out of this harness's hands.
    ///
    /// # Errors
    /// It was not running.
    pub fn take_api(&mut self) -> Result<Process> {
        self.api.take().context("the API is not running")
    }

    /// A client of its own, which outlives restarts of the API.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Takes a worker out of this harness's hands.
    ///
    /// # Errors
    /// It was not running.
    pub fn take_worker(&mut self, number: usize) -> Result<Process> {
        let worker = self.workers.get_mut(number).and_then(Option::take);
        Ok(worker.context("the worker is not running")?.0)
    }

    /// A running worker.
    ///
    /// # Errors
    /// It is not running.
    pub fn worker(&self, number: usize) -> Result<&Process> {
        let worker = self.workers.get(number).and_then(Option::as_ref);
        Ok(&worker.context("the worker is not running")?.0)
    }

    /// How many workers there are, running or not.
    pub fn worker_count(&self) -> usize {
        self.workers.len()
    }

    /// What all workers have logged, those that were killed included.
    pub fn worker_lines(&self) -> Vec<Value> {
        let logs = (0..self.workers.len())
            .map(|number| Process::log_of("headshot-worker", number, self.folder.path()));
        logs.flat_map(|log| json_lines(&log)).collect()
    }

    /// What the API and all workers have logged, once it is as wanted.
    ///
    /// # Errors
    /// It was not in time; the last lines are shown.
    pub fn lines_until(&self, wanted: impl Fn(&[Value]) -> bool) -> Result<Vec<Value>> {
        let asked = Instant::now();
        loop {
            let mut lines = self.api()?.lines();
            lines.extend(self.worker_lines());
            if wanted(&lines) {
                return Ok(lines);
            }
            if asked.elapsed() > PATIENCE {
                let last = &lines[lines.len().saturating_sub(20)..];
                bail!("the log is not as wanted in time: {last:#?}");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The running API.
    ///
    /// # Errors
    /// It is not running.
    pub fn api(&self) -> Result<&Process> {
        self.api.as_ref().context("the API is not running")
    }

    /// What a worker says of its readiness.
    ///
    /// # Errors
    /// It does not run or does not answer.
    pub fn worker_readiness(&self, number: usize) -> Result<Answer> {
        let worker =
            self.workers.get(number).and_then(Option::as_ref).context("the worker is not running")?;
        self.client.get_url(&format!("http://127.0.0.1:{}/readyz", worker.1))
    }

    /// Whether everything that was started and not taken away still runs.
    ///
    /// # Errors
    /// Something has ended, and this is how.
    pub fn check_alive(&mut self) -> Result<()> {
        let workers = self.workers.iter_mut().flatten().map(|(worker, _)| worker);
        workers.chain(&mut self.api).try_for_each(Process::check)
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// The value of one line of a worker's metrics, such as `headshot_jobs_total{outcome="done"}`.
    ///
    /// # Errors
    /// The worker does not run or has no such line.
    pub fn worker_metric(&self, number: usize, line: &str) -> Result<f64> {
        let port = self.workers.get(number).and_then(Option::as_ref).context("the worker is not running")?.1;
        self.client.metric(&format!("http://127.0.0.1:{port}/metrics"), line)
    }

    /// The value of one line of the API's metrics, such as `headshot_uploads_accepted_total`.
    ///
    /// # Errors
    /// The API does not answer or has no such line.
    pub fn api_metric(&self, line: &str) -> Result<f64> {
        self.client.metric(&self.client.url("/metrics"), line)
    }

    /// A job's whole record, as support sees it.
    ///
    /// # Errors
    /// There is none.
    pub fn record(&self, id: &str) -> Result<Value> {
        let database = rusqlite::Connection::open(self.folder.path().join("data/headshot.sqlite3"))?;
        database.busy_timeout(Duration::from_secs(10))?;
        let document: String =
            database.query_row("SELECT document FROM jobs WHERE id = ?1", [id], |row| row.get(0))?;
        Ok(serde_json::from_str(&document)?)
    }

    /// Waits until a job's webhook is in a state, and returns it.
    ///
    /// # Errors
    /// It takes too long.
    pub fn wait_webhook(&self, id: &str, state: &str) -> Result<Value> {
        let asked = Instant::now();
        loop {
            let webhook = self.record(id)?["webhook"].take();
            if webhook["state"] == state {
                return Ok(webhook);
            }
            if asked.elapsed() > PATIENCE {
                bail!("it never came to that: {webhook:#}");
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn settings(&self, port: u16, more: &[(&'static str, String)]) -> Vec<(String, String)> {
        let folder = self.folder.path().join("data");
        let own = [
            ("HOST", "127.0.0.1".to_owned()),
            ("PORT", port.to_string()),
            ("BACKEND", "local".into()),
            ("DATA_DIR", folder.display().to_string()),
        ];
        own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn launch_worker(&self, number: usize) -> Result<(Process, u16)> {
        let port = free_port()?;
        let mut settings = self.settings(port, &self.options.worker);
        settings.push(("WORKER_NAME".into(), format!("w-{number}-{port}")));
        Ok((Process::start("headshot-worker", number, self.folder.path(), &settings)?, port))
    }

    fn keep_worker(&mut self, number: usize, worker: Process, port: u16) -> Result<()> {
        let slot = self.workers.get_mut(number).context("there is no such worker")?;
        *slot = Some((worker, port));
        Ok(())
    }

    fn until_ready(&self, port: u16, process: &mut Process) -> Result<()> {
        let url = format!("http://127.0.0.1:{port}/readyz");
        until(&url, process, || Ok(self.client.get_text(&url).is_ok()))
    }
}

/// Waits for a process to answer as wanted. That it does not answer yet is no error.
fn until(url: &str, process: &mut Process, wanted: impl Fn() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    loop {
        process.check()?;
        if wanted().unwrap_or(false) {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            bail!("not as wanted in time: {url}\n{}", process.log());
        }
        thread::sleep(Duration::from_millis(20));
    }
}
