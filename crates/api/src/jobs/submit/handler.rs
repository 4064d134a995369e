//! `POST /headshot-async` and `POST /headshot`: a photo comes in and becomes a job.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use headshot_backend::api_keys::Scope;
use headshot_backend::telemetry::TraceContext;
use headshot_core::{JobId, JobRecord, Status};
use tracing::warn;

use crate::error::problem::Problem;
use crate::http::json;
use crate::http::prefer::Prefer;
use crate::http::query::{Pairs, RawQuery};
use crate::jobs::error::JobError;
use crate::jobs::submit::accept::Sender;
use crate::jobs::submit::answer::{Submitted, locate, marked, queued};
use crate::jobs::submit::fields::Fields;
use crate::jobs::submit::{direct_upload, receive};
use crate::jobs::view;
use crate::middleware::admission::quota::QuotaHold;
use crate::middleware::auth::caller::Caller;
use crate::openapi::{answers, bodies, parameters, problems};
use crate::state::App;

/// `POST /headshot-async`: answers as soon as the job is safe.
#[utoipa::path(
    post,
    path = "/headshot-async",
    tag = "headshots",
    operation_id = "submit",
    summary = "Send a photo",
    description = "Answers as soon as the job is safe; ask for it by its id then.",
    params(parameters::PhotoFields, parameters::IdempotencyKey),
    request_body(
        description = "The photo as a form's field, as the body itself, or by the id of an upload.",
        content(
            (bodies::Form = "multipart/form-data"),
            (direct_upload::Submission = "application/json"),
            (bodies::Photo = "image/jpeg"),
            (bodies::Photo = "image/png"),
            (bodies::Photo = "image/webp"),
            (bodies::Photo = "image/heic"),
            (bodies::Photo = "image/avif"),
        ),
    ),
    responses(answers::QueuedOnce, problems::Submitting),
    security(("key" = ["submit"])),
)]
pub(crate) async fn and_return(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(trace): Extension<TraceContext>,
    Extension(quota): Extension<QuotaHold>,
    query: RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let submitted =
        submit(&app, &caller, Sender { tenant: caller.tenant.clone(), trace, quota }, query, request).await?;
    Ok(marked(queued(submitted.id), &submitted))
}

/// `POST /headshot`: waits for the worker, but not for ever, and then answers as the other call does; and so it does to
/// whoever may send photos, but not read what became of them.
#[utoipa::path(
    post,
    path = "/headshot",
    tag = "headshots",
    operation_id = "submit_and_wait",
    summary = "Send a photo and wait for the headshot",
    description = "Waits for the worker, and answers 202 when that takes too long, or to a key without the scope `read`. 422 and 500 with \
                   a `job_id` say that the job has failed: the codes of the first are those of the photo's `quality`, and there \
                   will be new ones.",
    params(parameters::PhotoFields, parameters::IdempotencyKey, parameters::Prefer),
    request_body(
        description = "The photo as a form's field, as the body itself, or by the id of an upload.",
        content(
            (bodies::Form = "multipart/form-data"),
            (direct_upload::Submission = "application/json"),
            (bodies::Photo = "image/jpeg"),
            (bodies::Photo = "image/png"),
            (bodies::Photo = "image/webp"),
            (bodies::Photo = "image/heic"),
            (bodies::Photo = "image/avif"),
        ),
    ),
    responses(answers::Waited, problems::Waiting),
    security(("key" = ["submit"])),
)]
pub(crate) async fn and_wait(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(trace): Extension<TraceContext>,
    Extension(quota): Extension<QuotaHold>,
    query: RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let prefer = Prefer::of(request.headers());
    let submitted =
        submit(&app, &caller, Sender { tenant: caller.tenant.clone(), trace, quota }, query, request).await?;
    let id = submitted.id;
    let record = if caller.scopes.has(Scope::Read) { finished(&app, id, &prefer).await } else { None };
    let applied = prefer.applied(app.config.sync_wait, record.is_some());
    let mut response = match record {
        None => queued(id),
        Some(record) => match (record.status, record.error.clone()) {
            (Status::Failed, Some(failure)) => Problem::from(JobError::Failed(id, failure)).into_response(),
            _ => {
                let mut response = view::respond(&app, &record, &HeaderMap::new(), &caller).await?;
                locate(&mut response, id);
                response
            }
        },
    };
    if let Some(applied) = applied {
        response.headers_mut().insert(HeaderName::from_static("preference-applied"), applied);
    }
    Ok(marked(response, &submitted))
}

/// Receives a photo and makes a job of it; counts what does not become one.
async fn submit(
    app: &Arc<App>,
    caller: &Caller,
    sender: Sender,
    query: RawQuery,
    request: Request,
) -> Result<Submitted, Problem> {
    let submitted = dispatch(app, caller, sender, query, request).await;
    let submitted = submitted.inspect_err(|problem| app.metrics.refused(&problem.code))?;
    submitted.is_published()?;
    Ok(submitted)
}

async fn dispatch(
    app: &Arc<App>,
    caller: &Caller,
    sender: Sender,
    query: RawQuery,
    request: Request,
) -> Result<Submitted, Problem> {
    caller.require(Scope::Submit)?;
    let (head, body) = request.into_parts();
    // Read in any case, so that a client still busy sending gets to read the answer.
    let fields = query.and_then(|Pairs(pairs)| Ok(Fields::from_query(&pairs)?));
    if json::is_json(&head.headers) {
        direct_upload::submit(app, sender, fields?, head, body).await
    } else {
        receive::receive(app, sender, fields, head, body).await
    }
}

/// The record of `id` once it is terminal; `None` when it takes longer than we wait, when we are told to stop, when many
/// wait already, or when the records cannot be read: the job is accepted, and the client may ask for it later.
async fn finished(app: &App, id: JobId, prefer: &Prefer) -> Option<Arc<JobRecord>> {
    let patience = prefer.patience(app.config.sync_wait);
    if patience.is_zero() {
        return None;
    }
    let _permit = app.waiting.try_acquire().ok()?;
    let record = app.backend.jobs.get(id).await.inspect_err(|error| {
        warn!(job_id = %id, error = format!("{error:#}"), "waiting for a job ended early");
    });
    let ended = |record: &JobRecord| record.status.is_terminal();
    let record = app.watchers.until(record.ok()??, patience, ended).await.ok()?;
    ended(&record).then_some(record)
}
