//! What Prometheus gets to see of the API.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds in seconds. The fine ones tell a healthy upload from a slow one, the coarse ones are the synchronous
/// call's wait.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 30.0];

/// The API's counters, all of bounded cardinality: a route is the pattern that matched, never the path.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter<u64, AtomicU64>>,
    seconds: Family<Route, Histogram>,
    refused: Family<Code, Counter<u64, AtomicU64>>,
    accepted: Counter<u64, AtomicU64>,
    uploads: Gauge,
    streams: Gauge,
    keys: Family<Key, Counter<u64, AtomicU64>>,
}

/// What came of a request that brought an idempotency key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyOutcome {
    /// It is the first with its key.
    First,
    /// It heard the first one's answer again.
    Replayed,
    /// The first is still under way.
    InUse,
    /// The first was another request.
    Reused,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Key {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Code {
    code: String,
}

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("headshot");
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let seconds: Family<Route, Histogram> = Family::new_with_constructor(|| Histogram::new(SECONDS));
        registry.register("http_request_seconds", "Time until the answer began", seconds.clone());
        let refused = Family::default();
        registry.register(
            "uploads_refused",
            "Uploads that did not become a job, by problem code",
            refused.clone(),
        );
        let accepted = Counter::default();
        registry.register("uploads_accepted", "Uploads that became a job", accepted.clone());
        let uploads = Gauge::default();
        registry.register("uploads_in_progress", "Uploads being received", uploads.clone());
        let streams = Gauge::default();
        registry.register("event_streams", "Clients that listen to events", streams.clone());
        let keys = Family::default();
        registry.register(
            "idempotency_keys",
            "Requests with an idempotency key, by what came of it",
            keys.clone(),
        );
        Self { registry, requests, seconds, refused, accepted, uploads, streams, keys }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        self.requests.get_or_create(&Request { method, route: route.into(), status }).inc();
        self.seconds.get_or_create(&Route { route: route.into() }).observe(took.as_secs_f64());
    }

    /// An upload was refused.
    pub(crate) fn refused(&self, code: &str) {
        self.refused.get_or_create(&Code { code: code.into() }).inc();
    }

    /// An upload became a job.
    pub(crate) fn accepted(&self) {
        self.accepted.inc();
    }

    /// How many uploads are being received.
    pub(crate) fn uploads_in_progress(&self, count: usize) {
        self.uploads.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// How many clients listen to events.
    pub(crate) fn event_streams(&self, count: usize) {
        self.streams.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A request brought an idempotency key.
    pub(crate) fn idempotency_key(&self, outcome: KeyOutcome) {
        let outcome = match outcome {
            KeyOutcome::First => "first",
            KeyOutcome::Replayed => "replayed",
            KeyOutcome::InUse => "in_use",
            KeyOutcome::Reused => "reused",
        };
        self.keys.get_or_create(&Key { outcome }).inc();
    }

    /// Everything, in the text form that Prometheus reads.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
