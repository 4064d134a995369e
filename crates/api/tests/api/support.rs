//! A server to test, a client that can misbehave, and a worker that only pretends.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use headshot_api::{Config, Settings};
use headshot_backend::{Backend, Claim, Claimed, Finish, Made};
use headshot_core::{
    ArtefactInfo, BlobKey, Failure, Head, HeadSource, JobId, JobRecord, ModelInfo, Quality, Recipe,
};
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running API, its data, and a second door to the same data.
pub struct TestApp {
    pub address: SocketAddr,
    pub backend: Backend,
    data: TempDir,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    server: JoinHandle<anyhow::Result<()>>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub async fn start_with(flags: &[&str]) -> Self {
        let data = TempDir::new().unwrap();
        let config = config(data.path(), flags);
        let backend = Backend::connect(&config.backend).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move { _ = stopped.await };
        let server = tokio::spawn(headshot_api::run(listener, config, shutdown));
        let app = Self { address, backend, data, stop: Mutex::new(Some(stop)), server };
        // The listener takes connections before the server has opened its data.
        assert_eq!(app.get("/healthz").await.status, 200);
        app
    }

    /// Asks the server to stop; its outcome.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.ask_to_stop();
        self.ended().await
    }

    /// The outcome of a server that has been asked to stop.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.server.await.unwrap()
    }

    pub fn ask_to_stop(&self) {
        let _ = self.stop.lock().unwrap().take().unwrap().send(());
    }

    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, Bytes::new()).await
    }

    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Method::POST, path, &[], body.into()).await
    }

    pub async fn post_form(&self, path: &str, form: &Form) -> Answer {
        self.send(Method::POST, path, &[("content-type", &form.content_type())], form.body()).await
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
        send(self.address, method, path, headers, body).await
    }

    /// Sends a photo and expects it to be accepted.
    pub async fn submit(&self, photo: Vec<u8>) -> JobId {
        let answer = self.post("/headshot-async", photo).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        answer.job_id()
    }

    pub async fn record(&self, id: JobId) -> JobRecord {
        self.backend.jobs.get(id).await.unwrap().expect("there is a record")
    }

    /// Every file that a customer's bytes could be in.
    pub fn stored(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for folder in ["blobs", "tmp"] {
            walk(&self.data_dir().join(folder), &mut files);
        }
        files
    }

    /// Fails unless there is no blob, no half-written blob, no record and no task.
    pub async fn assert_nothing_is_stored(&self) {
        assert_eq!(self.stored(), Vec::<PathBuf>::new());
        let counts = self.backend.jobs.counts().await.unwrap();
        assert_eq!((counts.queued, counts.processing), (0, 0));
        let depth = self.backend.tasks.depth().await.unwrap();
        assert_eq!(depth.ready + depth.delayed + depth.leased + depth.dead, 0);
    }

    /// Waits until nothing is stored any more, for clients that are gone before the server knows.
    pub async fn assert_nothing_stays_stored(&self) {
        for _ in 0..200 {
            if self.stored().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        self.assert_nothing_is_stored().await;
    }

    async fn claim(&self, id: JobId) -> Claimed {
        match self.backend.jobs.claim(id, "pretender", Duration::from_secs(60)).await.unwrap() {
            Claim::Claimed(claimed) => *claimed,
            other => panic!("{other:?}"),
        }
    }

    /// Does what a worker does, without the pictures.
    pub async fn pretend_to_render(&self, id: JobId) {
        let claim = self.claim(id).await;
        let mut outputs = Vec::new();
        for rendition in Recipe::named(&claim.record().recipe).unwrap().renditions() {
            let bytes = Bytes::from(format!("the {} of {id}", rendition.file_name()));
            let key = BlobKey::Artefact(id, rendition);
            outputs.push(ArtefactInfo {
                rendition,
                key: key.path(),
                width: 4,
                height: 5,
                bytes: bytes.len() as u64,
                sha256: "0".repeat(64),
            });
            self.backend.blobs.put(key, rendition.content_type(), bytes).await.unwrap();
        }
        let head =
            Head { x: 0.0, y: 0.0, width: 1.0, height: 1.0, confidence: 1.0, source: HeadSource::Model };
        let model = ModelInfo { name: "pretended".into(), sha256: "0".repeat(64), provider: "cpu".into() };
        let made = Made::Rendered { key: "pretended".into() };
        let quality = Quality::new(vec![], vec![]);
        let message_for_support = "Rendered in 0.6 s on the first attempt.".into();
        let finish = Finish::Done { outputs, quality, head, model, made, message_for_support };
        assert!(self.backend.jobs.finish(&claim, finish).await.unwrap());
    }

    /// Ends a job as a worker does that will not, or cannot, render its photo.
    pub async fn pretend_to_fail(&self, id: JobId, code: &str, message: &str) {
        let claim = self.claim(id).await;
        let finish = Finish::Failed {
            failure: Failure { code: code.into(), message: message.into() },
            quality: None,
            head: None,
            model: None,
            message_for_support: String::new(),
            dead_letter: None,
        };
        assert!(self.backend.jobs.finish(&claim, finish).await.unwrap());
    }

    /// The next task in the queue.
    pub async fn next_task(&self) -> headshot_backend::Delivery {
        let mut subscription = self.backend.tasks.subscribe(1).await.unwrap();
        let wait = tokio::time::timeout(Duration::from_secs(10), subscription.next());
        wait.await.expect("a task is published").unwrap()
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn job_id(&self) -> JobId {
        self.json()["job_id"].as_str().unwrap().parse().unwrap()
    }

    /// Fails unless this is a problem document of that status and code which a person and a program can use.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert!(problem["retryable"].is_boolean() && problem["title"].is_string());
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.ends_with('.') && detail.len() > 10, "not a sentence: {detail:?}");
        problem
    }
}

/// A `multipart/form-data` body, written by hand so that it can be wrong.
#[derive(Default)]
pub struct Form(Vec<u8>);

impl Form {
    pub const BOUNDARY: &str = "----a-boundary";

    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("name=\"{name}\""), value.as_bytes())
    }

    pub fn file(self, file_name: &str, bytes: &[u8]) -> Self {
        self.named_file("file", file_name, bytes)
    }

    pub fn named_file(self, name: &str, file_name: &str, bytes: &[u8]) -> Self {
        self.part(&format!("name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: text/plain"), bytes)
    }

    pub fn part(mut self, disposition: &str, bytes: &[u8]) -> Self {
        let head = format!("--{}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n", Self::BOUNDARY);
        self.0.extend_from_slice(head.as_bytes());
        self.0.extend_from_slice(bytes);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", Self::BOUNDARY)
    }

    /// The whole body.
    pub fn body(&self) -> Bytes {
        [&self.0[..], format!("--{}--\r\n", Self::BOUNDARY).as_bytes()].concat().into()
    }

    /// The body without its end.
    pub fn unfinished(&self) -> Bytes {
        self.0.clone().into()
    }
}

pub fn config(data_dir: &Path, flags: &[&str]) -> Config {
    let data_dir = data_dir.to_str().unwrap();
    let fixed = ["headshot-api", "--data-dir", data_dir, "--port", "0"];
    Settings::parse_from(fixed.iter().chain(flags)).validate().unwrap()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}

/// Sends one request over a connection of its own.
pub async fn send(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request.body(Full::new(body)).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
}
