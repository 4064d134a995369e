use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::queue::push;
use crate::runtime::shutdown::Phase;
use crate::worker::Worker;

/// A probe that waits longer than this is answered without the backend's word. The backend gives each dependency three
/// seconds and then names those that were silent, which is worth waiting for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The small HTTP port: `/livez`, `/readyz`, `/metrics`, and where tasks are pushed, `/pubsub/push`.
pub fn router(worker: Arc<Worker>) -> Router {
    let probes = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics));
    let routes = if worker.push.is_some() { probes.merge(push::router()) } else { probes };
    routes.with_state(worker)
}

/// Would a restart help? An outage elsewhere is no reason.
async fn livez(State(worker): State<Arc<Worker>>) -> Response {
    match worker.liveness.check() {
        Ok(()) => Json(json!({ "status": "ok" })).into_response(),
        Err(problem) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "stuck", "problem": problem })))
                .into_response()
        }
    }
}

/// Would a task that arrives now be rendered? Names everything that stands in the way.
async fn readyz(State(worker): State<Arc<Worker>>) -> Response {
    let mut checks = Map::new();
    let mut ready = worker.phases.now() == Phase::Running;
    if !ready {
        checks.insert("worker".into(), json!("it is stopping"));
    }
    let (health, keys) = tokio::join!(timeout(PATIENCE, worker.backend.check()), push_keys(&worker));
    match health {
        Ok(health) => {
            ready &= health.is_ok();
            for (name, state) in health.parts() {
                checks.insert(name.into(), state.as_ref().map_or_else(|e| json!(e), |()| json!("ok")));
            }
        }
        Err(_) => {
            ready = false;
            checks.insert("backend".into(), json!(format!("no answer within {} s", PATIENCE.as_secs())));
        }
    }
    if let Some(keys) = keys {
        ready &= keys.is_ok();
        checks.insert("push".into(), keys.map_or_else(|why| json!(why), |()| json!("ok")));
    }
    // The process only gets here with its model loaded.
    let model = worker.render.model();
    checks.insert("model".into(), json!("ok"));
    let mut body = json!({
        "status": if ready { "ready" } else { "not ready" },
        "checks": Value::Object(checks),
        "model": model.name,
        "provider": model.provider,
        "worker": worker.config.jobs.worker_name,
    });
    // It was allowed to go without: no reason to send its tasks elsewhere, but worth knowing.
    if let Some(reason) = worker.render.cuda_missing() {
        body["cuda"] = json!(format!("asked for, and cannot be used: {reason}"));
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

/// Whether pushed tasks could be told from forgeries; `None` where none are pushed.
async fn push_keys(worker: &Worker) -> Option<Result<(), String>> {
    let gate = worker.push.as_ref()?;
    let keys = timeout(PATIENCE, gate.check()).await;
    Some(keys.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs()))))
}

async fn metrics(State(worker): State<Arc<Worker>>) -> Response {
    // While the queue is away, the last numbers known stay; readiness says that it is away.
    if let Ok(Ok(depth)) = timeout(PATIENCE, worker.backend.tasks.depth()).await {
        worker.metrics.queue_is(&depth);
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], worker.metrics.text()).into_response()
}
