use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

/// A client of the API.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    base: String,
}

/// What the API said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// When to come again, in seconds, if that was said.
    pub retry_after: Option<u64>,
    /// Where the job is, if that was said.
    pub location: Option<String>,
    /// The JSON body; null when there was none.
    pub body: Value,
}

/// Nothing in these tests takes longer, not even on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

impl Client {
    pub(crate) fn new(port: u16) -> Self {
        let config =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE / 2)).build();
        Self { agent: config.into(), base: format!("http://127.0.0.1:{port}") }
    }

    /// Uploads a photo, as the raw body, to be rendered whatever was rendered before: tests send the same few photos.
    ///
    /// # Errors
    /// No answer came.
    pub fn post(&self, photo: &[u8]) -> Result<Answer> {
        self.post_with(photo, &[])
    }

    /// The same with further headers.
    ///
    /// # Errors
    /// No answer came.
    pub fn post_with(&self, photo: &[u8], headers: &[(&str, &str)]) -> Result<Answer> {
        let request = self.agent.post(self.url("/headshot-async?cache=off"));
        let request = request.header("content-type", "application/octet-stream");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        answer(request.send(photo)?)
    }

    /// Uploads a photo that must be accepted; returns the job's id.
    ///
    /// # Errors
    /// It was not accepted.
    pub fn submit(&self, photo: &[u8]) -> Result<String> {
        let answer = self.post(photo)?;
        ensure!(answer.status == 202, "not accepted: {answer:?}");
        answer.job_id()
    }

    /// The same with settings in the path, such as `/headshot-async?cache=off`.
    ///
    /// # Errors
    /// It was not accepted.
    pub fn submit_to(&self, path: &str, photo: &[u8]) -> Result<String> {
        let answer = answer(self.agent.post(self.url(path)).send(photo)?)?;
        ensure!(answer.status == 202, "not accepted: {answer:?}");
        answer.job_id()
    }

    /// The same for a shop that wants to be told at `webhook_url` when the job has ended.
    ///
    /// # Errors
    /// It was not accepted.
    pub fn submit_telling(&self, photo: &[u8], webhook_url: &str) -> Result<String> {
        self.submit_order_telling(photo, "", webhook_url)
    }

    /// The same with the shop's order number.
    ///
    /// # Errors
    /// It was not accepted.
    pub fn submit_order_telling(&self, photo: &[u8], order_id: &str, webhook_url: &str) -> Result<String> {
        let request = self.agent.post(self.url("/headshot-async"));
        let request = request.query("order_id", order_id).query("webhook_url", webhook_url);
        let answer = answer(request.header("content-type", "application/octet-stream").send(photo)?)?;
        ensure!(answer.status == 202, "not accepted: {answer:?}");
        answer.job_id()
    }

    /// Deletes something.
    ///
    /// # Errors
    /// No answer came.
    pub fn delete(&self, path: &str) -> Result<Answer> {
        answer(self.agent.delete(self.url(path)).call()?)
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// No answer came.
    pub fn post_json(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Result<Answer> {
        let request = self.agent.post(self.url(path)).header("content-type", "application/json");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        answer(request.send(body.to_string().as_bytes())?)
    }

    /// Puts a photo where an announced upload says, with the headers that it says; the status.
    ///
    /// # Errors
    /// No answer came, or the upload is none.
    pub fn put(&self, upload: &Value, photo: &[u8]) -> Result<u16> {
        let url = upload["url"].as_str().context("an upload has a url")?;
        let headers = upload["headers"].as_object().context("an upload has headers")?;
        let mut request = self.agent.put(url);
        for (name, value) in headers {
            request = request.header(name, value.as_str().context("a header is text")?);
        }
        Ok(request.send(photo)?.status().as_u16())
    }

    /// The documents that a job's events bring, until it has ended.
    ///
    /// # Errors
    /// There is no such job, or the stream breaks off.
    pub fn events(&self, id: &str) -> Result<Vec<Value>> {
        let text = self.get_text(&self.url(&format!("/headshot/{id}/events")))?;
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).with_context(|| data.to_owned())).collect()
    }

    /// The document of a job.
    ///
    /// # Errors
    /// There is none.
    pub fn job(&self, id: &str) -> Result<Value> {
        let answer = answer(self.agent.get(self.url(&format!("/headshot/{id}"))).call()?)?;
        ensure!(answer.status == 200, "no document of job {id}: {answer:?}");
        Ok(answer.body)
    }

    /// Waits until a job is done or failed.
    ///
    /// # Errors
    /// It takes too long.
    pub fn wait_ended(&self, id: &str) -> Result<Value> {
        self.wait(id, |job| matches!(status(job), "done" | "failed"))
    }

    /// Waits until a job is done.
    ///
    /// # Errors
    /// It failed, or takes too long.
    pub fn wait_done(&self, id: &str) -> Result<Value> {
        let job = self.wait_ended(id)?;
        ensure!(status(&job) == "done", "the job ended otherwise: {job:#}");
        Ok(job)
    }

    /// Waits until a job's document is as wanted.
    ///
    /// # Errors
    /// It takes too long.
    pub fn wait(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let asked = Instant::now();
        loop {
            let job = self.job(id)?;
            if wanted(&job) {
                return Ok(job);
            }
            if asked.elapsed() > PATIENCE {
                bail!("it never came to that: {job:#}");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Downloads what a signed URL points at.
    ///
    /// # Errors
    /// The download is refused.
    pub fn download(&self, url: &str) -> Result<Vec<u8>> {
        let url = if url.starts_with('/') { self.url(url) } else { url.to_owned() };
        let mut response = self.agent.get(url).call()?;
        ensure!(response.status() == 200, "the download was answered with {}", response.status());
        Ok(response.body_mut().with_config().limit(100_000_000).read_to_vec()?)
    }

    /// Any path of the API.
    ///
    /// # Errors
    /// No answer came.
    pub fn get(&self, path: &str) -> Result<Answer> {
        answer(self.agent.get(self.url(path)).call()?)
    }

    /// The answer at any URL.
    pub(crate) fn get_url(&self, url: &str) -> Result<Answer> {
        answer(self.agent.get(url).call()?)
    }

    /// The text at any URL that answers with 200.
    pub(crate) fn get_text(&self, url: &str) -> Result<String> {
        let mut response = self.agent.get(url).call()?;
        ensure!(response.status() == 200, "{url} answers with {}", response.status());
        Ok(response.body_mut().read_to_string()?)
    }

    pub(crate) fn metric(&self, url: &str, line: &str) -> Result<f64> {
        let text = self.get_text(url)?;
        let value = text.lines().find_map(|l| l.strip_prefix(line));
        Ok(value.with_context(|| format!("no {line} in:\n{text}"))?.trim().parse()?)
    }

    /// The address of a path of the API.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Answer {
    /// The id of an accepted job.
    ///
    /// # Errors
    /// The answer has none.
    pub fn job_id(&self) -> Result<String> {
        let id = self.body.get("job_id").and_then(Value::as_str);
        Ok(id.with_context(|| format!("no job_id in {self:?}"))?.to_owned())
    }

    /// The code of a problem document.
    pub fn code(&self) -> Option<&str> {
        self.body.get("code").and_then(Value::as_str)
    }
}

fn answer(mut response: Response<ureq::Body>) -> Result<Answer> {
    let text = response.body_mut().read_to_string()?;
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).with_context(|| text.clone())?
    };
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after = header("retry-after").and_then(|value| value.parse().ok());
    let location = header("location").map(str::to_owned);
    Ok(Answer { status: response.status().as_u16(), retry_after, location, body })
}

fn status(job: &Value) -> &str {
    job.get("status").and_then(Value::as_str).unwrap_or_default()
}
