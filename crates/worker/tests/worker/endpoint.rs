//! A shop's server that takes webhooks, or does not, and verifies them with another library than signs them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub const NEXT_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// The server.
pub struct Endpoint {
    address: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Heard {
    pub headers: HashMap<String, String>,
    pub body: Bytes,
}

/// What it answers.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    /// A redirect to there.
    Redirect(String),
    Never,
}

impl Endpoint {
    /// `reply` is given how many requests there were, this one included, and the request.
    pub async fn start(reply: impl Fn(usize, &Heard) -> Reply + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let heard = Arc::<Mutex<Vec<Heard>>>::default();
        let (reply, all) = (Arc::new(reply), heard.clone());
        let handler = move |headers: HeaderMap, body: Bytes| {
            let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
                (name.to_string(), value.to_str().unwrap_or_default().to_owned())
            };
            let headers = headers.iter().map(text).collect();
            let request = Heard { headers, body };
            let reply = {
                let mut all = all.lock().unwrap();
                all.push(request.clone());
                reply(all.len(), &request)
            };
            async move { respond(reply).await }
        };
        let server = axum::serve(listener, Router::new().fallback(handler)).into_future();
        tokio::spawn(server);
        Ok(Self { address, heard })
    }

    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until there were so many requests.
    pub async fn until_heard(&self, number: usize) -> Result<Vec<Heard>> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let heard = self.heard();
            if heard.len() >= number {
                return Ok(heard);
            }
            if Instant::now() > deadline {
                bail!("only {} webhooks came: {heard:?}", heard.len());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Heard {
    pub fn id(&self) -> &str {
        self.headers.get("webhook-id").map(String::as_str).unwrap_or_default()
    }

    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// Verifies it as the specification tells receivers to.
    pub fn verify(&self, secret: &str) -> Result<()> {
        let header = |name: &str| self.headers.get(name).with_context(|| format!("{name} is missing"));
        let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
        let age = jiff::Timestamp::now().as_second() - timestamp.parse::<i64>()?;
        ensure!((-5..60).contains(&age), "it is {age} s old");
        let secret = STANDARD.decode(secret.strip_prefix("whsec_").context("a secret")?)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &self.body].concat();
        let verified = header("webhook-signature")?.split(' ').any(|signature| {
            let signature = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
            signature.is_some_and(|signature| hmac::verify(&key, &signed, &signature).is_ok())
        });
        ensure!(verified, "no signature of {:?} is this secret's", self.headers);
        Ok(())
    }
}

async fn respond(reply: Reply) -> Response {
    match reply {
        Reply::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Reply::Redirect(to) => (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response(),
        Reply::Never => std::future::pending().await,
    }
}
