//! Liveness, readiness, metrics, and a word at the root.

pub(crate) mod readiness;

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::warn;
use utoipa::ToSchema;

use crate::error::problem::Problem;
use crate::health::readiness::NotReady;
use crate::limits::MAX_STREAMS;
use crate::openapi::problems;
use crate::state::App;

/// `GET /` for programs: where to go from here.
pub(crate) fn word(app: &App) -> Response {
    let calls = &app.description.calls;
    Json(Word { service: "headshot-api", version: env!("CARGO_PKG_VERSION"), calls }).into_response()
}

/// A word about the service.
#[derive(Serialize, ToSchema)]
#[schema(as = Service)]
pub(crate) struct Word {
    /// Its name.
    service: &'static str,
    /// Its version.
    version: &'static str,
    /// What may be called; `GET /openapi.json` says how.
    calls: &'static [String],
}

/// How the process is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or `ready`.
    status: &'static str,
}

/// `GET /healthz` and `GET /health`: the process answers. It looks at nothing else, so that a database that is down does not have
/// every instance restarted.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "service",
    operation_id = "healthz",
    summary = "Does the process answer?",
    responses((status = 200, description = "It does.", body = Health, headers(("Cache-Control" = String, description = "no-store"))),
        problems::Internal),
)]
pub(crate) async fn live() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(Health { status: "ok" })).into_response()
}

/// Cloud Run's front end keeps `/healthz` to itself: whoever asks from outside asks for this.
#[utoipa::path(
    get,
    path = "/health",
    tag = "service",
    operation_id = "health",
    summary = "Does the process answer? From outside of Cloud Run",
    responses((status = 200, description = "It does.", body = Health, headers(("Cache-Control" = String, description = "no-store"))),
        problems::Internal),
)]
pub(crate) async fn live_outside() -> Response {
    live().await
}

/// `GET /readyz`: everything that an upload needs answers. What exactly is wrong goes into the log; paths and
/// addresses are nobody else's business.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "service",
    operation_id = "readyz",
    summary = "Does everything answer that an upload needs?",
    responses((status = 200, description = "It does.", body = Health, headers(("Cache-Control" = String, description = "no-store"))),
        problems::BeingReady),
)]
pub(crate) async fn ready(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    if *app.stop.borrow() {
        return Err(NotReady("Not ready: shutting down.".into()).into());
    }
    let Some(health) = app.readiness.look(&app.backend).await else {
        return Err(NotReady("Not ready: storage, records and queue did not answer in time.".into()).into());
    };
    let mut down = Vec::new();
    // For the platform's start-up probe: an instance that cannot publish still shows what is done, and takes photos, whose
    // tasks the sweep publishes later.
    let without = query.as_deref().and_then(|query| query.strip_prefix("without="));
    for (name, state) in health.parts().into_iter().filter(|(name, _)| Some(*name) != without) {
        if let Err(reason) = state {
            warn!(dependency = name, reason, "not ready");
            down.push(name);
        }
    }
    if down.is_empty() {
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(Health { status: "ready" })).into_response())
    } else {
        Err(NotReady(format!("Not ready; down: {}.", down.join(", "))).into())
    }
}

/// `GET /metrics`.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "service",
    operation_id = "metrics",
    summary = "Figures for Prometheus",
    responses((status = 200, description = "OpenMetrics.", body = String, content_type = "application/openmetrics-text"), problems::Internal),
)]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let in_use = app.config.max_concurrent_uploads.saturating_sub(app.uploads.available_permits());
    app.metrics.uploads_in_progress(in_use);
    app.metrics.event_streams(MAX_STREAMS.saturating_sub(app.streams.available_permits()));
    let text = app.metrics.text().map_err(Problem::internal)?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, content_type)], text).into_response())
}
