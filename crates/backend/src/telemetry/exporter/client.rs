use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tracing::{info, warn};
use ureq::Agent;

use super::settings::Otlp;
use crate::outbound;

/// Carries batches to the collector, on the exporter's own thread, where it may block: for the time limit and no longer.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    collector: String,
    trouble: Mutex<Trouble>,
}

/// Keeps quiet about a collector that stays away: who reads the log of a photo service is looking for something else.
#[derive(Debug, Default)]
struct Trouble {
    failing: bool,
    warned: Option<Instant>,
}

/// The least time between two warnings.
const QUIET: Duration = Duration::from_secs(600);

/// An answer is a few bytes; more is read from nobody.
const LARGEST_ANSWER: u64 = 64 * 1024;

impl Client {
    pub(super) fn new(otlp: &Otlp) -> Self {
        Self {
            agent: outbound::agent(otlp.timeout),
            collector: otlp.endpoint().to_owned(),
            trouble: Mutex::default(),
        }
    }

    fn post(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = request.into_parts();
        let (head, body) = self.agent.run(Request::from_parts(head, &body[..]))?.into_parts();
        let answer = body.into_with_config().limit(LARGEST_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, answer.into()))
    }

    fn failed(&self, reason: &str) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.failing = true;
        if trouble.warned.is_none_or(|when| when.elapsed() > QUIET) {
            trouble.warned = Some(Instant::now());
            let collector = &self.collector;
            warn!(collector, reason, "the collector does not take traces; some are lost, nothing else is");
        }
    }

    fn answered(&self) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut trouble.failing) {
            info!(collector = self.collector, "the collector takes traces again");
        }
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.post(request);
        match &answer {
            Ok(answer) if answer.status().is_success() => self.answered(),
            Ok(answer) => self.failed(&format!("it answers {}", answer.status())),
            Err(error) => self.failed(&error.to_string()),
        }
        Ok(answer?)
    }
}
