//! `DELETE /headshot/{id}`: a job with its record and all its files, and with everything that was made from its photo.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use headshot_backend::api_keys::Scope;
use headshot_backend::{AuditEntry, ERASE, Erased};
use headshot_core::{BlobKey, Failure, JobId, JobRecord, Status};
use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

use crate::error::problem::Problem;
use crate::jobs::error::JobError;
use crate::jobs::show;
use crate::middleware::auth::caller::Caller;
use crate::openapi::{parameters, problems};
use crate::state::App;

/// What is gone.
#[derive(Serialize, ToSchema)]
#[schema(as = Erased)]
pub(crate) struct Gone {
    /// The jobs.
    erased: Vec<JobId>,
}

/// Erases a job. Nothing is erased while a worker is at work on any of it. Cut off half-way, it is called again and ends what it
/// began: the record goes last.
#[utoipa::path(
    delete,
    path = "/headshot/{id}",
    tag = "admin",
    operation_id = "erase",
    summary = "Erase a headshot",
    description = "With its record, all its files, and everything that was made from its photo.",
    params(parameters::Id),
    responses((status = 200, description = "What is gone.", body = Gone, headers(("Vary" = String, description = "authorization"))),
        problems::Erasing),
    security(("key" = ["admin"])),
)]
pub(crate) async fn erase(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Gone>, Problem> {
    caller.require(Scope::Admin)?;
    let record = show::find_kept(&app, id, &caller).await?;
    let jobs = &app.backend.jobs;
    let mut family = jobs.made_from(record.job_id).await.map_err(Problem::records)?;
    family.retain(|made| made.tenant == caller.tenant);
    family.push(record);
    for member in &family {
        end(&app, member).await?;
    }
    let mut erased = Vec::with_capacity(family.len());
    for member in &family {
        let id = member.job_id;
        remove_blobs(&app, member).await?;
        if let Some(uploaded_for) = member.photo_of {
            // Else the photo could never be rendered again, for a picture that nobody has.
            jobs.forget_approval(uploaded_for, id).await.map_err(Problem::records)?;
        }
        let entry = entry(&caller, id, ERASE);
        match jobs.erase(id, &entry).await.map_err(Problem::records)? {
            Erased::Gone | Erased::Missing => {}
            Erased::UnderWay => return Err(JobError::UnderWay(id).into()),
        }
        info!(audit = "erase", job_id = %id, actor = entry.actor, "a job and its files are erased");
        erased.push(id);
    }
    Ok(Json(Gone { erased }))
}

/// Who did this, for the audit.
pub(crate) fn entry(caller: &Caller, job_id: JobId, action: &'static str) -> AuditEntry {
    let actor = caller.key_id.clone().unwrap_or_else(|| "anonymous".into());
    AuditEntry { tenant: caller.tenant.clone(), actor, action, job_id }
}

/// Makes sure that no worker has the job, nor will have it.
async fn end(app: &App, record: &JobRecord) -> Result<(), Problem> {
    let withdrawn = Failure { code: "erased".into(), message: "This headshot was erased.".into() };
    let ended = match record.status {
        Status::Done | Status::Failed => true,
        Status::Queued => {
            app.backend.jobs.withdraw(record.job_id, withdrawn).await.map_err(Problem::records)?
        }
        Status::Processing => false,
    };
    if ended { Ok(()) } else { Err(JobError::UnderWay(record.job_id).into()) }
}

async fn remove_blobs(app: &App, record: &JobRecord) -> Result<(), Problem> {
    let id = record.job_id;
    for key in BlobKey::all_of(id) {
        app.backend.blobs.delete(key).await.map_err(|cause| {
            let sentence =
                "Not all files could be deleted just now. Nothing is lost track of: please try again.";
            Problem::unavailable("storage_unavailable", sentence, cause)
        })?;
    }
    app.backend.uploads.forget(id).await.map_err(Problem::records)
}
