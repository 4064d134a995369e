//! `POST /admin/jobs/{id}/retry`: what support tries again.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use headshot_backend::api_keys::Scope;
use headshot_backend::telemetry::TraceContext;
use headshot_core::Status;
use tracing::{debug, info};

use crate::error::problem::Problem;
use crate::jobs::create::{create, publish};
use crate::jobs::derive::{derived, photo_is_there};
use crate::jobs::error::JobError;
use crate::jobs::show;
use crate::jobs::submit::answer::{Submitted, queued};
use crate::middleware::auth::caller::Caller;
use crate::openapi::{answers, parameters, problems};
use crate::state::App;

/// `POST /admin/jobs/{id}/retry`: a job that failed is made again, as a job of its own, since what has ended
/// stays; one that waits is published again.
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
) -> Result<Response, Problem> {
    caller.require(Scope::Admin)?;
    let record = show::find(&app, id, &caller).await?;
    let id = record.job_id;
    match record.status {
        Status::Queued => {
            // If a worker or the sweep has written it meanwhile, they have done what is wanted.
            let marked = app.backend.jobs.mark_republished(&record).await.map_err(Problem::records)?;
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
            let again = derived(&app, &record, &record.recipe, message, None, trace);
            let entry = crate::jobs::erase::entry(&caller, id, "retry");
            app.backend.jobs.audit(&entry).await.map_err(Problem::records)?;
            info!(audit = "retry", job_id = %id, again = %again.record.job_id, actor = entry.actor, "a job is tried again");
            let again = Submitted::from(create(&app, again, None).await?);
            again.is_published()?;
            Ok(queued(again.id))
        }
        other => Err(JobError::NothingToRetry(id, other).into()),
    }
}
