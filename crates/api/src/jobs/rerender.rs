//! `POST /headshot/{id}/rerender`: another picture of the same photo.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use headshot_backend::api_keys::Scope;
use headshot_backend::telemetry::TraceContext;
use headshot_core::{JobRecord, Look, Recipe, Shot, Status};
use serde::Deserialize;
use tracing::Span;
use utoipa::ToSchema;

use crate::error::problem::Problem;
use crate::http::json;
use crate::jobs::create::create;
use crate::jobs::derive::{derived, photo_is_there};
use crate::jobs::error::JobError;
use crate::jobs::idempotency::{Fingerprint, Key, Reservation, Turn};
use crate::jobs::submit::answer::{Submitted, marked, queued};
use crate::jobs::submit::fields;
use crate::jobs::{idempotency, show};
use crate::middleware::admission::quota::QuotaHold;
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

/// `POST /headshot/{id}/rerender`: the same photo, cut out as it was, with another look or framing, as a job
/// of its own.
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
    Extension(quota): Extension<QuotaHold>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.require(Scope::Submit)?;
    let (head, body) = request.into_parts();
    let record = show::find(&app, id, &caller).await?;
    let recipe = other_recipe(&record, json::read(&app.config, body).await?)?;
    let operation = format!("rerender {}", record.job_id);
    let fingerprint = Fingerprint::of(&operation).with("recipe", Some(&recipe)).finish();
    let submitted = match idempotency::begin(&app, &caller.tenant, Key::of(&head.headers)?).await? {
        Turn::Again(answered) => Submitted::before(idempotency::repeat(&app, &answered, &fingerprint).await?),
        Turn::First(key) => {
            if let Err(error) = may_be_changed(&app, &record).await {
                if let Some(key) = key {
                    key.release().await;
                }
                return Err(error);
            }
            let message = format!("Re-render of job {}; waiting for a worker.", record.job_id);
            let job = derived(&app, &record, &recipe, message, Some(quota), trace);
            let reservation = key.map(|key| Reservation { key, fingerprint });
            create(&app, job, reservation).await?.into()
        }
    };
    submitted.is_published()?;
    Span::current().record("job_id", tracing::field::display(submitted.id));
    Ok(marked(queued(submitted.id), &submitted))
}

/// The recipe that is asked for, which must be another one.
fn other_recipe(record: &JobRecord, Rerender { look, framing, recipe }: Rerender) -> Result<String, Problem> {
    let other = match (recipe, look, framing) {
        (Some(recipe), None, None) => fields::recipe(&recipe)?,
        (Some(_), ..) => return Err(JobError::RecipeAndParts.into()),
        (None, look, framing) => {
            let now = Recipe::named(&record.recipe).map_err(Problem::internal)?;
            let (look, framing) = (look.unwrap_or(now.look), framing.unwrap_or(now.framing));
            Recipe { look, framing, ..now }.to_string()
        }
    };
    if other == record.recipe { Err(JobError::NothingToChange.into()) } else { Ok(other) }
}

async fn may_be_changed(app: &App, record: &JobRecord) -> Result<(), Problem> {
    if record.status != Status::Done {
        return Err(JobError::NotDone(record.job_id, record.status).into());
    }
    let approval = match record.photo_of {
        None => record.approval.clone(),
        Some(uploaded_for) => {
            let root = app.backend.jobs.get(uploaded_for).await.map_err(Problem::records)?;
            root.and_then(|root| root.approval)
        }
    };
    match approval {
        Some(approval) => Err(JobError::Approved(approval.job_id).into()),
        None => photo_is_there(app, record).await,
    }
}
