use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use headshot_backend::{Backend, BackendSettings, LocalSettings};
use headshot_core::upload::Format;
use headshot_core::{
    BlobKey, Caching, Head, HeadSource, JobId, JobRecord, ModelInfo, Quality, QualityPolicy, Reach, Recipe,
    Stage, TaskMessage, Upload, Webhook, WebhookUrl,
};
use headshot_pipeline::{Artefact, ModelSettings, Outcome, Region, Rendered};
use headshot_worker::render::Render;
use headshot_worker::{Config, JobsConfig, RenderingConfig, WebhooksConfig, run_with};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// A backend in a folder of its own, and settings with which everything happens quickly.
pub struct Bench {
    pub backend: Backend,
    pub config: Config,
    data: TempDir,
}

/// A worker that runs in this process.
pub struct Running {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<()>>,
}

/// A render made of a function; counts how often it was called.
pub struct Fake<F> {
    render: F,
    model: ModelInfo,
    pub calls: AtomicU32,
}

impl Bench {
    pub async fn new() -> Result<Self> {
        let folder = TempDir::new()?;
        let mut local = LocalSettings::new(folder.path(), "");
        local.task_lease = Duration::from_millis(1200);
        local.retry_min = Duration::from_millis(20);
        local.retry_max = Duration::from_millis(100);
        let settings = BackendSettings::Local(local);
        let backend = Backend::connect(&settings).await?;
        let config = Config {
            listen: "127.0.0.1:0".parse()?,
            backend: settings,
            push: None,
            remote_model: None,
            rendering: RenderingConfig {
                preview_long_edge: 1600,
                print_long_edge: 3000,
                quality_policy: QualityPolicy::Enforce,
                model: ModelSettings::default(),
            },
            jobs: JobsConfig {
                worker_name: "w-1".into(),
                concurrency: 2,
                lease: Duration::from_millis(900),
                timeout: Duration::from_secs(20),
                max_attempts: 3,
                max_original_bytes: 1000,
            },
            webhooks: WebhooksConfig {
                keys_file: None,
                retries: vec![Duration::from_millis(100); 3],
                timeout: Duration::from_secs(10),
                reach: Reach::Anywhere,
            },
            sweep_every: Duration::from_millis(100),
            sweep_untouched_for: Duration::from_secs(30),
            grace: Duration::from_secs(5),
        };
        Ok(Self { backend, config, data: folder })
    }

    /// Where the backend keeps everything.
    pub fn folder(&self) -> &std::path::Path {
        self.data.path()
    }

    /// Starts a worker with the settings as they are now.
    pub async fn start(&self, render: Arc<dyn Render>) -> Result<Running> {
        let listener = TcpListener::bind(self.config.listen).await?;
        let address = listener.local_addr()?;
        let (stop, asked) = oneshot::channel();
        let shutdown = async move { _ = asked.await };
        let task = tokio::spawn(run_with(listener, self.config.clone(), render, shutdown));
        Ok(Running { address, stop, task })
    }

    /// What the API does with an upload: blob, record, task.
    pub async fn accept(&self, photo: &'static [u8]) -> Result<JobId> {
        let id = self.accept_without_task(photo).await?;
        self.publish(id).await?;
        Ok(id)
    }

    /// The same for a shop that wants to be told at `url`.
    pub async fn accept_with_webhook(&self, photo: &'static [u8], url: &str) -> Result<JobId> {
        let webhook = Webhook::new(&WebhookUrl::parse(url, Reach::Anywhere)?);
        let record = self.uploaded(photo, Recipe::HEADSHOT).await?;
        let record = JobRecord { webhook: Some(webhook), ..record };
        self.backend.jobs.create(&record).await?;
        self.publish(record.job_id).await?;
        Ok(record.job_id)
    }

    /// Gives whoever has no key these webhook secrets.
    pub fn set_secrets(&mut self, secrets: &[&str]) -> Result<()> {
        let file = self.data.path().join("keys.json");
        let tenants = serde_json::json!({"tenants": {"anonymous": {"webhook": {"secrets": secrets}}}});
        std::fs::write(&file, tenants.to_string())?;
        self.config.webhooks.keys_file = Some(file);
        Ok(())
    }

    /// The same with a recipe other than the default.
    pub async fn accept_with_recipe(&self, photo: &'static [u8], recipe: &str) -> Result<JobId> {
        let id = self.store(photo, recipe).await?;
        self.publish(id).await?;
        Ok(id)
    }

    /// An API that is killed before it could publish.
    pub async fn accept_without_task(&self, photo: &'static [u8]) -> Result<JobId> {
        self.store(photo, Recipe::HEADSHOT).await
    }

    async fn store(&self, photo: &'static [u8], recipe: &str) -> Result<JobId> {
        let record = self.uploaded(photo, recipe).await?;
        self.backend.jobs.create(&record).await?;
        Ok(record.job_id)
    }

    /// A photo that is stored, and the record that it is to have.
    pub async fn uploaded(&self, photo: &'static [u8], recipe: &str) -> Result<JobRecord> {
        let id = JobId::new();
        let content_type = Format::Jpeg.content_type();
        self.backend.blobs.put(BlobKey::Original(id), content_type, Bytes::from_static(photo)).await?;
        let upload = Upload {
            file_name: None,
            content_type: content_type.into(),
            bytes: photo.len() as u64,
            sha256: String::new(),
            width: 1,
            height: 1,
        };
        let now = Timestamp::now();
        // The photos here have no checksum, and one is not to be taken for another.
        let caching = Caching::Off;
        let record = JobRecord::accepted(id, upload, recipe, now, now + SignedDuration::from_hours(1));
        Ok(JobRecord { caching, ..record })
    }

    pub async fn publish(&self, id: JobId) -> Result<()> {
        let task = TaskMessage {
            v: TaskMessage::VERSION,
            job_id: id,
            orig_bucket: "originals".into(),
            orig_key: BlobKey::Original(id).path(),
        };
        Ok(self.backend.tasks.publish(&task, None).await?)
    }

    pub async fn record(&self, id: JobId) -> Result<JobRecord> {
        self.backend.jobs.get(id).await?.context("the record is gone")
    }

    /// Waits until the record is as wanted.
    pub async fn until(&self, id: JobId, wanted: impl Fn(&JobRecord) -> bool) -> Result<JobRecord> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let record = self.record(id).await?;
            if wanted(&record) {
                return Ok(record);
            }
            if Instant::now() > deadline {
                bail!("the record never came to be as wanted: {record:#?}");
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn until_ended(&self, id: JobId) -> Result<JobRecord> {
        self.until(id, |record| record.status.is_terminal()).await
    }

    /// Waits until no task waits or is worked on; returns the number of dead letters.
    pub async fn until_queue_is_empty(&self) -> Result<u64> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let depth = self.backend.tasks.depth().await?;
            if depth.ready + depth.delayed + depth.leased == 0 {
                return Ok(depth.dead);
            }
            if Instant::now() > deadline {
                bail!("the queue never became empty: {depth:?}");
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Running {
    /// As SIGTERM does; waits until the worker has stopped.
    pub async fn stop(self) -> Result<()> {
        let _ = self.stop.send(());
        self.task.await?
    }

    /// Status and body of an answer of the HTTP port.
    pub async fn get(&self, path: &str) -> Result<(u16, String)> {
        request(self.address, "GET", path, &[], b"").await
    }
}

/// One request on a connection of its own; returns the answer's status and body.
pub async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: worker\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).context("no status")?.parse()?;
    let body = answer.split_once("\r\n\r\n").context("no body")?.1;
    Ok((status, body.to_owned()))
}

impl<F> Fake<F>
where
    F: Fn(&[u8], u32, &dyn Fn(Stage)) -> Result<Outcome> + Send + Sync + 'static,
{
    /// `render` is given the photo, the number of the call (from 1) and `on_stage`.
    pub fn new(render: F) -> Arc<Self> {
        let model = ModelInfo { name: "fake".into(), sha256: String::new(), provider: "cpu".into() };
        Arc::new(Self { render, model, calls: AtomicU32::new(0) })
    }
}

impl<F> Render for Fake<F>
where
    F: Fn(&[u8], u32, &dyn Fn(Stage)) -> Result<Outcome> + Send + Sync + 'static,
{
    fn render(
        &self,
        photo: &[u8],
        _: Option<&[u8]>,
        _: &Recipe,
        on_stage: &dyn Fn(Stage),
    ) -> Result<Outcome> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        (self.render)(photo, call, on_stage)
    }

    fn model(&self) -> &ModelInfo {
        &self.model
    }
}

/// A render that makes each file that its recipe asks for, in the recipe's size, and looks at nothing.
pub struct ByRecipe(pub ModelInfo);

impl Render for ByRecipe {
    fn render(&self, _: &[u8], _: Option<&[u8]>, recipe: &Recipe, _: &dyn Fn(Stage)) -> Result<Outcome> {
        Ok(made(recipe, b"picture"))
    }

    fn model(&self) -> &ModelInfo {
        &self.0
    }
}

/// A finished headshot whose files hold `content`.
pub fn headshot(content: &[u8]) -> Outcome {
    made(&Recipe::headshot(), content)
}

fn made(recipe: &Recipe, content: &[u8]) -> Outcome {
    let artefact = |rendition| {
        let (width, height) = recipe.size(rendition);
        Artefact { rendition, width, height, png: content.to_vec() }
    };
    Outcome::Rendered(Rendered {
        artefacts: recipe.renditions().map(artefact).collect(),
        quality: Quality::new(Vec::new(), Vec::new()),
        head: Head { x: 0.0, y: 0.0, width: 1.0, height: 1.0, confidence: 1.0, source: HeadSource::Model },
        frame: Region::new(0.0, 0.0, 0.8, 1.0),
        model: ModelInfo { name: "fake".into(), sha256: String::new(), provider: "cpu".into() },
        matte: b"matte".to_vec(),
    })
}
