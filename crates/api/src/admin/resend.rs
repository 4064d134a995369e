//! `POST /admin/jobs/{id}/webhook`: the shop's server is there again, or has lost what it was told.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use headshot_backend::api_keys::Scope;
use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

use crate::error::problem::Problem;
use crate::jobs::error::JobError;
use crate::jobs::{erase, show};
use crate::middleware::auth::caller::Caller;
use crate::openapi::{parameters, problems};
use crate::state::App;

/// What was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Resent {
    /// Whether the endpoint had said that it is gone, and is used again from now on.
    enabled: bool,
    /// Whether the webhook is sent from the beginning. It is not where it is still being tried, or where the job has not
    /// ended.
    sent_again: bool,
}

/// Lets the job's endpoint be used again, if it was disabled, and has the webhook sent once more.
#[utoipa::path(
    post,
    path = "/admin/jobs/{id}/webhook",
    tag = "admin",
    operation_id = "resend_webhook",
    summary = "Send a webhook again",
    description = "Lets an endpoint that answered 410 be used again, and sends the job's webhook from the beginning.",
    params(parameters::Id),
    responses((status = 200, description = "What was done.", body = Resent), problems::Resending),
    security(("key" = ["admin"])),
)]
pub(crate) async fn resend(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Resent>, Problem> {
    caller.require(Scope::Admin)?;
    let record = show::find(&app, id, &caller).await?;
    let id = record.job_id;
    let Some(webhook) = record.webhook else { return Err(JobError::NoWebhook(id).into()) };
    let jobs = &app.backend.jobs;
    let enabled = jobs.enable_endpoint(&record.tenant, &webhook.url).await.map_err(Problem::records)?;
    let sent_again = jobs.resend_webhook(id).await.map_err(Problem::records)?;
    let entry = erase::entry(&caller, id, "webhook");
    jobs.audit(&entry).await.map_err(Problem::records)?;
    info!(audit = "webhook", job_id = %id, actor = entry.actor, enabled, sent_again, "a webhook is sent again");
    Ok(Json(Resent { enabled, sent_again }))
}
