//! New jobs from photos that are there already: a re-render, and what support tries again.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use headshot_backend::api_keys::Scope;
use headshot_backend::telemetry::TraceContext;
use headshot_core::{BlobKey, JobId, JobRecord, Look, Recipe, Shot, Status};
use jiff::Timestamp;
use serde::Deserialize;
use tracing::{Span, debug, info};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::error::intake_error::IntakeError;
use crate::error::job_error::JobError;
use crate::http::json;
use crate::jobs::create::publish;
use crate::jobs::idempotency::{Fingerprint, Key, Reserved, Turn};
use crate::jobs::submit::answer::{Submitted, marked, queued};
use crate::jobs::submit::fields;
use crate::jobs::{idempotency, show, webhook};
use crate::middleware::auth::caller::Caller;
use crate::openapi::{answers, parameters, problems};
use crate::state::App;

/// What is to be different: parts of the recipe that the headshot has, or another recipe.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"look": "soft"}))]
struct Rerender {
    /// Another look in the recipe that the headshot has.
    look: Option<Look>,
    /// Another framing in it.
    framing: Option<Shot>,
    /// Another recipe altogether; neither look nor framing stand beside it.
    recipe: Option<String>,
}

/// `POST /headshot/{id}/rerender`: the same photo, cut out as it was, with another look or framing, as a job of its own.
#[utoipa::path(
    post,
    path = "/headshot/{id}/rerender",
    tag = "headshots",
    operation_id = "rerender",
    summary = "Render a headshot again",
    description = "The same photo with another look or framing, or by another recipe, as a job of its own. Nothing is cut out again.",
    params(parameters::Id, parameters::IdempotencyKey),
    request_body = Rerender,
    responses(answers::QueuedOnce, problems::Rerendering),
    security(("key" = ["submit"])),
)]
pub(crate) async fn rerender(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(trace): Extension<TraceContext>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    caller.require(Scope::Submit)?;
    let (head, body) = request.into_parts();
    let record = show::find(&app, id, &caller).await?;
    let recipe = other_recipe(&record, json::read(&app.config, body).await?)?;
    let operation = format!("rerender {}", record.job_id);
    let fingerprint = Fingerprint::of(&operation).with("recipe", Some(&recipe)).finish();
    let submitted = match idempotency::begin(&app, &caller.tenant, Key::of(&head.headers)?).await? {
        Turn::Again(answered) => {
            Submitted { id: idempotency::repeat(&app, &answered, &fingerprint).await?, replayed: true }
        }
        Turn::First(key) => {
            let made = match may_be_changed(&app, &record).await {
                Ok(()) => {
                    let message = format!("Re-render of job {}; waiting for a worker.", record.job_id);
                    let key = key.as_ref().map(|key| (key, fingerprint.as_str()));
                    make(&app, derived(&app, &record, recipe, message, &trace), key).await
                }
                Err(error) => Err(error),
            };
            if let Some(key) = key {
                if made.is_ok() { key.answered() } else { key.release().await }
            }
            let derived = made?;
            publish(&app, &derived, &trace).await?;
            Submitted { id: derived.job_id, replayed: false }
        }
    };
    Span::current().record("job_id", tracing::field::display(submitted.id));
    Ok(marked(queued(submitted.id), &submitted))
}

/// `POST /admin/jobs/{id}/retry`: a job that failed is made again, as a job of its own, since what has ended stays; one that
/// waits is published again.
#[utoipa::path(
    post,
    path = "/admin/jobs/{id}/retry",
    tag = "admin",
    operation_id = "retry",
    summary = "Try a job again",
    description = "A job that has failed is made again, as a job of its own; one that waits is put into the queue again.",
    params(parameters::Id),
    responses(answers::Queued, problems::Retrying),
    security(("key" = ["admin"])),
)]
pub(crate) async fn retry(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(trace): Extension<TraceContext>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    caller.require(Scope::Admin)?;
    let record = show::find(&app, id, &caller).await?;
    let id = record.job_id;
    match record.status {
        Status::Queued => {
            // Whoever has written it meanwhile, a worker or the sweep, has done what is wanted.
            let marked = app.backend.jobs.mark_republished(&record).await.map_err(ApiError::records)?;
            let published = publish(&app, &record, &trace).await;
            // The sweep, which has to do it then, must not wait twice as long.
            if published.is_err()
                && marked
                && let Err(error) = app.backend.jobs.unmark_republished(&record).await
            {
                debug!(error = format!("{error:#}"), "the mark of a job that could not be published stays");
            }
            published?;
            Ok(queued(id))
        }
        Status::Failed => {
            photo_is_there(&app, &record).await?;
            let message = format!("Job {id} tried again by support; waiting for a worker.");
            let again = derived(&app, &record, record.recipe.clone(), message, &trace);
            let entry = crate::jobs::erase::entry(&caller, id, "retry");
            app.backend.jobs.audit(&entry).await.map_err(ApiError::records)?;
            info!(audit = "retry", job_id = %id, again = %again.job_id, actor = entry.actor, "a job is tried again");
            let again = make(&app, again, None).await?;
            publish(&app, &again, &trace).await?;
            Ok(queued(again.job_id))
        }
        other => Err(JobError::NothingToRetry(id, other).into()),
    }
}

/// The recipe that is asked for, which must be another one.
fn other_recipe(
    record: &JobRecord,
    Rerender { look, framing, recipe }: Rerender,
) -> Result<String, ApiError> {
    let other = match (recipe, look, framing) {
        (Some(recipe), None, None) => fields::recipe(&recipe)?,
        (Some(_), ..) => return Err(JobError::RecipeAndParts.into()),
        (None, look, framing) => {
            let now = Recipe::named(&record.recipe).map_err(|error| ApiError::Internal(error.into()))?;
            let (look, framing) = (look.unwrap_or(now.look), framing.unwrap_or(now.framing));
            Recipe { look, framing, ..now }.to_string()
        }
    };
    if other == record.recipe { Err(JobError::NothingToChange.into()) } else { Ok(other) }
}

async fn may_be_changed(app: &App, record: &JobRecord) -> Result<(), ApiError> {
    if record.status != Status::Done {
        return Err(JobError::NotDone(record.job_id, record.status).into());
    }
    let approval = match record.photo_of {
        None => record.approval.clone(),
        Some(uploaded_for) => {
            let root = app.backend.jobs.get(uploaded_for).await.map_err(ApiError::records)?;
            root.and_then(|root| root.approval)
        }
    };
    match approval {
        Some(approval) => Err(JobError::Approved(approval.job_id).into()),
        None => photo_is_there(app, record).await,
    }
}

/// Originals are kept for a shorter time than what was made of them.
async fn photo_is_there(app: &App, record: &JobRecord) -> Result<(), ApiError> {
    let original = BlobKey::Original(record.photo_of.unwrap_or(record.job_id));
    let exists = app.backend.blobs.exists(original).await;
    if exists.map_err(|error| ApiError::storage(error.context("looking for the original")))? {
        Ok(())
    } else {
        Err(JobError::PhotoExpired(record.job_id).into())
    }
}

/// A new job of the photo of another.
fn derived(
    app: &App,
    record: &JobRecord,
    recipe: String,
    message_for_support: String,
    trace: &TraceContext,
) -> JobRecord {
    let now = Timestamp::now();
    let upload = record.upload.clone();
    JobRecord {
        tenant: record.tenant.clone(),
        order_id: record.order_id.clone(),
        photo_of: Some(record.photo_of.unwrap_or(record.job_id)),
        trace_id: Some(trace.trace_id()),
        webhook: record.webhook.clone(),
        message_for_support,
        ..JobRecord::accepted(JobId::new(), upload, &recipe, now, now + app.config.record_ttl)
    }
}

/// Writes the record of a new job, whose end is told where the first one's was.
async fn make(app: &App, record: JobRecord, key: Option<(&Reserved, &str)>) -> Result<JobRecord, ApiError> {
    let url = record.webhook.as_ref().map(|webhook| webhook.url.as_str());
    let record = JobRecord { webhook: webhook::of_job(app, &record.tenant, url).await?, ..record };

    let reservation = key.and_then(|(key, fingerprint)| Some((key.reservation()?, fingerprint)));
    let created = match reservation {
        Some((reservation, fingerprint)) => {
            app.backend.jobs.create_reserved(&record, reservation, fingerprint).await
        }
        None => app.backend.jobs.create(&record).await.map(|()| true),
    };
    match created {
        Ok(true) => Ok(record),
        Ok(false) => Err(IntakeError::KeyInUse.into()),
        Err(error) => Err(ApiError::records(error.context("writing the record of a new job"))),
    }
}
