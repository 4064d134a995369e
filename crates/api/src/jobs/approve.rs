//! `POST /headshot/{id}/approve`: this is the picture. From then on no other is made of the photo.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use headshot_backend::api_keys::Scope;
use headshot_core::{Approval, JobRecord, Status};
use jiff::Timestamp;

use crate::error::problem::Problem;
use crate::jobs::error::JobError;
use crate::jobs::{show, view};
use crate::middleware::auth::caller::Caller;
use crate::openapi::{answers, parameters, problems};
use crate::state::App;

/// Approves a finished headshot; to do so again changes nothing. The job that the photo was uploaded for is written first: of
/// several pictures that are approved at once, its record says which it was.
#[utoipa::path(
    post,
    path = "/headshot/{id}/approve",
    tag = "headshots",
    operation_id = "approve",
    summary = "Approve a headshot",
    description = "This is the picture: no other is made of the photo any more. To approve it again changes nothing.",
    params(parameters::Id),
    responses(answers::Shown, problems::Approving),
    security(("key" = ["submit"])),
)]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    caller.require(Scope::Submit)?;
    let record = show::find(&app, id, &caller).await?;
    if record.status != Status::Done {
        return Err(JobError::NotDone(record.job_id, record.status).into());
    }
    let job_id = record.job_id;
    // Whole microseconds, as every store keeps them.
    let now = Timestamp::now();
    let at = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
    let jobs = &app.backend.jobs;
    if let Some(uploaded_for) = record.photo_of
        && !jobs.approve(uploaded_for, Approval { job_id, at }).await.map_err(Problem::records)?
        && let Some(root) = jobs.get(uploaded_for).await.map_err(Problem::records)?
    {
        return Err(JobError::Approved(approved(&root)).into());
    }
    if !jobs.approve(job_id, Approval { job_id, at }).await.map_err(Problem::records)? {
        let record = show::read(&app, job_id, &caller).await?;
        return Err(JobError::Approved(approved(&record)).into());
    }
    let record = show::read(&app, job_id, &caller).await?;
    view::respond(&app, &record, &HeaderMap::new(), &caller).await
}

fn approved(record: &JobRecord) -> headshot_core::JobId {
    record.approval.as_ref().map_or(record.job_id, |approval| approval.job_id)
}
