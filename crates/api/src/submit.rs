//! `POST /headshot-async` and `POST /headshot`: a photo comes in and becomes a job.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use headshot_backend::keys::Scope;
use headshot_backend::telemetry::TraceContext;
use headshot_core::upload::{Limits, Refusal};
use headshot_core::{JobId, JobRecord, Status};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::warn;

use crate::accept::accept;
use crate::auth::Caller;
use crate::body::{Patience, UploadBody};
use crate::document;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::form;
use crate::intake::Intake;
use crate::limits::FORM_OVERHEAD;
use crate::problem::Problem;
use crate::routes::App;

type RawQuery = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// `POST /headshot-async`: answers as soon as the job is safe.
pub(crate) async fn and_return(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(trace): Extension<TraceContext>,
    query: RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    Ok(queued(submit(&app, caller, trace, query, request).await?))
}

/// `POST /headshot`: waits for the worker, but not for ever, and then answers as the other call does; and so it does to
/// whoever may send photos, but not read what became of them.
pub(crate) async fn and_wait(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(trace): Extension<TraceContext>,
    query: RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let id = submit(&app, caller.clone(), trace, query, request).await?;
    if !caller.scopes.has(Scope::Read) {
        return Ok(queued(id));
    }
    let Some(record) = finished(&app, id).await else { return Ok(queued(id)) };
    match (record.status, record.error.clone()) {
        (Status::Failed, Some(failure)) => Err(ApiError::JobFailed(id, failure).into()),
        _ => {
            let mut response = document::respond(&app, &record, &HeaderMap::new(), &caller).await?;
            locate(&mut response, id);
            Ok(response)
        }
    }
}

/// Receives a photo and accepts it as a job; counts what does not become one.
async fn submit(
    app: &Arc<App>,
    caller: Caller,
    trace: TraceContext,
    query: RawQuery,
    request: Request,
) -> Result<JobId, Problem> {
    receive(app, caller, trace, query, request).await.map_err(|error| {
        let became_a_job = matches!(error, ApiError::Unpublished(_));
        let problem = Problem::from(error);
        if !became_a_job {
            app.metrics.refused(&problem.code);
        }
        problem
    })
}

async fn receive(
    app: &Arc<App>,
    caller: Caller,
    trace: TraceContext,
    query: RawQuery,
    request: Request,
) -> Result<JobId, ApiError> {
    caller.require(Scope::Submit)?;
    let (head, body) = request.into_parts();
    let config = &app.config;
    let limits = Limits { bytes: config.max_upload_bytes, ..Limits::default() };
    let boundary = boundary(&head.headers)?;
    let overhead = if boundary.is_some() { FORM_OVERHEAD } else { 0 };
    let patience = Patience { idle: config.upload_idle_timeout, total: config.upload_timeout };
    // The inspector knows the limit of the photo itself; the body's is there for what surrounds it.
    let body = UploadBody::new(body, limits.bytes + FORM_OVERHEAD, patience);

    if content_length(&head.headers).is_some_and(|length| length > limits.bytes + overhead) {
        return Err(Refusal::TooLarge { limit_bytes: limits.bytes }.into());
    }
    let mut fields = match query {
        Ok(Query(pairs)) => Fields::from_query(&pairs)?,
        Err(_) => return Err(ApiError::MalformedQuery),
    };
    let permit = app.uploads.clone().try_acquire_owned().map_err(|_| ApiError::Busy)?;

    let id = JobId::new();
    let intake = Intake::new(app.backend.blobs.clone(), id, limits);
    let photo = match boundary {
        Some(boundary) => form::read(body, boundary, intake, &mut fields).await?,
        None => intake.read(body).await?,
    };
    accept(app.clone(), id, photo, fields, caller, trace, permit).await?;
    Ok(id)
}

/// The boundary of a multipart body. Any other body is the photo itself: what type it declares is not asked, clients are
/// wrong about it too often.
fn boundary(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(None) };
    let declared = value.to_str().unwrap_or_default();
    let multipart = declared.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/"));
    if !multipart {
        return Ok(None);
    }
    multer::parse_boundary(declared).map(Some).map_err(|_| ApiError::MalformedForm)
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Seconds until it is worth asking for the job.
const ASK_AGAIN: u64 = 1;

fn queued(id: JobId) -> Response {
    let body = Json(json!({"job_id": id, "status": Status::Queued}));
    let mut response = (StatusCode::ACCEPTED, body).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(ASK_AGAIN));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    locate(&mut response, id);
    response
}

fn locate(response: &mut Response, id: JobId) {
    if let Ok(location) = HeaderValue::from_str(&format!("/headshot/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
}

/// The record of `id` once it is terminal; `None` when it takes longer than we wait, when we are told to stop, when many
/// wait already, or when the records cannot be read: the job is accepted, and the client may ask for it later.
async fn finished(app: &App, id: JobId) -> Option<JobRecord> {
    let _permit = app.waiting.try_acquire().ok()?;
    let mut stop = app.stop.clone();
    let deadline = Instant::now() + app.config.sync_wait;
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => None,
        found = timeout_at(deadline, ended(app, id)) => found.ok()?,
    }
}

/// Looks often at first and less often later: a headshot takes about a second.
async fn ended(app: &App, id: JobId) -> Option<JobRecord> {
    const LONGEST_PAUSE: Duration = Duration::from_secs(1);
    let mut pause = Duration::from_millis(100);
    loop {
        sleep(pause).await;
        pause = (pause * 5 / 4).min(LONGEST_PAUSE);
        match app.backend.jobs.get(id).await {
            Ok(Some(record)) if record.status.is_terminal() => return Some(record),
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(error) => {
                warn!(job_id = %id, error = format!("{error:#}"), "waiting for a job ended early");
                return None;
            }
        }
    }
}
