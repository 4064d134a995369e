//! Liveness, readiness, metrics, and a word at the root.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::time::timeout;
use tracing::warn;

use crate::error::ApiError;
use crate::limits::{MAX_STREAMS, READINESS_TIMEOUT};
use crate::routes::App;

/// `GET /`: where to go from here.
pub(crate) async fn index() -> Response {
    let body = json!({
        "service": "headshot-api",
        "version": env!("CARGO_PKG_VERSION"),
        "calls": ["POST /headshot-async", "POST /headshot", "GET /headshot/{id}", "GET /healthz", "GET /readyz", "GET /metrics"],
    });
    Json(body).into_response()
}

/// `GET /healthz` and `GET /health`: the process answers. It looks at nothing else, so that a database that is down does not have
/// every instance restarted.
pub(crate) async fn live() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(json!({"status": "ok"}))).into_response()
}

/// `GET /readyz`: everything that an upload needs answers. What exactly is wrong goes into the log; paths and
/// addresses are nobody else's business.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    if *app.stop.borrow() {
        return Err(ApiError::NotReady("Not ready: shutting down.".into()));
    }
    let Ok(health) = timeout(READINESS_TIMEOUT, app.backend.check()).await else {
        return Err(ApiError::NotReady(
            "Not ready: storage, records and queue did not answer in time.".into(),
        ));
    };
    let mut down = Vec::new();
    for (name, state) in health.parts() {
        if let Err(reason) = state {
            warn!(dependency = name, reason, "not ready");
            down.push(name);
        }
    }
    if down.is_empty() {
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(json!({"status": "ready"}))).into_response())
    } else {
        Err(ApiError::NotReady(format!("Not ready; down: {}.", down.join(", "))))
    }
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let in_use = app.config.max_concurrent_uploads.saturating_sub(app.uploads.available_permits());
    app.metrics.uploads_in_progress(in_use);
    app.metrics.event_streams(MAX_STREAMS.saturating_sub(app.streams.available_permits()));
    let text = app.metrics.text().map_err(|error| ApiError::Internal(error.into()))?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, content_type)], text).into_response())
}
