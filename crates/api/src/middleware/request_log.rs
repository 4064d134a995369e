//! What every request passes first and last: it gets an id, a span and a trace, its errors become problem documents, and
//! it is counted and logged once.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use headshot_backend::telemetry;
use tracing::field::Empty;
use tracing::{Instrument, Span, debug, error, info, info_span, warn};
use uuid::Uuid;

use crate::error::problem::{self, Problem};
use crate::metrics::Metrics;
use crate::state::App;

/// The name of the header both ways.
const REQUEST_ID: &str = "x-request-id";

/// The outermost middleware.
pub(crate) async fn observe(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let request_id = request_id(request.headers());
    let method = method_name(request.method());
    // The pattern, never the path: a path may hold an id, its query a signature.
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let span = info_span!("request", %request_id, method, route, trace_id = Empty, job_id = Empty, tenant = Empty, key_id = Empty, status = Empty, duration_ms = Empty);
    let trace = telemetry::begin_request(&span, traceparent(request.headers()));
    span.record("trace_id", trace.trace_id());
    let pending =
        Pending { app: &app, span: span.clone(), method, route, began: Instant::now(), answered: false };
    request.extensions_mut().insert(trace);

    let response = next.run(request).instrument(span).await;
    let (mut response, problem) = problem::render(response, &request_id);
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    pending.answered(response.status(), problem.as_ref());
    response
}

/// A request that has no answer yet. Dropped like that, its client has hung up.
struct Pending<'a> {
    app: &'a App,
    span: Span,
    method: &'static str,
    route: String,
    began: Instant,
    answered: bool,
}

/// What the log and the metrics say of a request whose client did not wait for the answer; nginx's number for it.
const CLIENT_GONE: u16 = 499;

impl Pending<'_> {
    fn answered(mut self, status: StatusCode, problem: Option<&Problem>) {
        self.answered = true;
        self.count(&self.app.metrics, status.as_u16());
        let _entered = self.span.enter();
        let code = problem.map(|problem| problem.code.as_ref());
        let cause = problem.and_then(|problem| problem.cause.as_ref()).map(|cause| format!("{cause:#}"));
        match (status.as_u16(), self.route.as_str()) {
            (503, _) => warn!(code, cause, "refused for now"),
            (500.., _) => error!(code, cause, "failed"),
            (400.., _) => info!(code, cause, "refused"),
            (_, "/healthz" | "/health" | "/readyz" | "/metrics") => debug!("answered"),
            _ => info!("answered"),
        }
    }

    fn count(&self, metrics: &Metrics, status: u16) {
        let took = self.began.elapsed();
        // As a signed number, the only kind that traces know.
        self.span.record("status", i64::from(status));
        self.span.record("duration_ms", u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        metrics.answered(self.method, &self.route, status, took);
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.count(&self.app.metrics, CLIENT_GONE);
            let _entered = self.span.enter();
            info!("the client hung up");
        }
    }
}

/// The span of the client's that this request belongs to, if it says so.
fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all("traceparent").iter();
    // Two headers are none: the standard has nobody guess which of them is meant.
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// The client's own id if it is a plain token, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    const LONGEST: usize = 64;
    let sane = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    let theirs = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    match theirs {
        Some(id) if (1..=LONGEST).contains(&id.len()) && id.bytes().all(sane) => id.to_owned(),
        _ => Uuid::new_v4().to_string(),
    }
}

/// The method as a label: anybody can make up new ones, and each would be a time series.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
