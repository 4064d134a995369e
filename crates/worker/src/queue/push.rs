//! Tasks that Pub/Sub posts to the worker's HTTP port, for an installation that sleeps while there is nothing to do.
//!
//! A request is answered when its job is settled: 204 takes the task from the subscription, anything else brings it back
//! after a while. Once a job has begun it goes on, even if Pub/Sub hangs up; the task that comes again finds it claimed, or
//! finished.

mod refused;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

pub use refused::Refused;

use crate::job;
use crate::runtime::shutdown::Phase;
use crate::worker::Worker;

/// A task has a few hundred bytes; the rest of an envelope is not much more.
const LARGEST_ENVELOPE: usize = 64 * 1024;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a push waits for a free slot. Pub/Sub takes a refusal as a sign to push less, and tries again
/// later.
const PATIENCE: Duration = Duration::from_secs(3);

/// `POST /pubsub/push`.
pub fn router() -> Router<Arc<Worker>> {
    Router::new().route("/pubsub/push", post(push))
}

async fn push(State(worker): State<Arc<Worker>>, request: Request) -> Response {
    match receive(&worker, request).await {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(refused) => {
            refused.log();
            worker.metrics.push_refused(refused.reason());
            refused.status().into_response()
        }
    }
}

/// Whether the task is done with.
async fn receive(worker: &Arc<Worker>, request: Request) -> Result<bool, Refused> {
    still_running(worker)?;
    let gate = worker.push.as_ref().ok_or(Refused::Stopping)?;
    // Who sends is settled before anything of the body is read.
    let authorization = request.headers().get(header::AUTHORIZATION);
    gate.admit(authorization.and_then(|value| value.to_str().ok())).await.map_err(Refused::NotAdmitted)?;
    let body = read_body(request).await?;
    let (delivery, answer) = worker.backend.tasks.pushed(&body).map_err(Refused::Malformed)?;
    let permit = match free_slot(worker).await {
        Ok(permit) => permit,
        Err(refused) => {
            // Each refusal counts as a delivery, of which a task has so many.
            delivery.put_off("no hand is free").await;
            return if answer.is_done_with().await { Ok(true) } else { Err(refused) };
        }
    };
    worker.slots.start(job::handle(worker.clone(), delivery, permit));
    Ok(answer.is_done_with().await)
}

async fn read_body(request: Request) -> Result<Bytes, Refused> {
    let body = timeout(BODY_TIMEOUT, to_bytes(request.into_body(), LARGEST_ENVELOPE)).await;
    // A body that breaks off ends up here as well, with nobody left to read the answer.
    body.map_err(|_| Refused::TooSlow)?.map_err(|_| Refused::TooLarge)
}

async fn free_slot(worker: &Worker) -> Result<OwnedSemaphorePermit, Refused> {
    let permit = tokio::select! {
        biased;
        () = worker.phases.reached(Phase::Draining) => Err(Refused::Stopping),
        permit = timeout(PATIENCE, worker.slots.free()) => permit.map_err(|_| Refused::Busy),
    }?;
    still_running(worker)?;
    Ok(permit)
}

fn still_running(worker: &Worker) -> Result<(), Refused> {
    if worker.phases.now() == Phase::Running { Ok(()) } else { Err(Refused::Stopping) }
}
