//! `GET /admin/jobs`: what support looks jobs up by.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use headshot_backend::JobSearch;
use headshot_backend::api_keys::Scope;
use headshot_core::{
    Approval, Failure, JobId, JobRecord, Lease, ModelInfo, Quality, Stage, Status, Upload, Webhook,
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::problem::Problem;
use crate::http::query::{Pairs, RawQuery};
use crate::jobs::error::JobError;
use crate::middleware::auth::caller::Caller;
use crate::openapi::{parameters, problems};
use crate::state::App;

/// So many jobs are listed unless another number is asked for, and at most.
const LIMIT: (u32, u32) = (50, 200);

/// A page of jobs, the newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = JobPage)]
pub(crate) struct Page {
    /// The jobs, the newest first.
    jobs: Vec<Job>,
    /// What `before` has to be for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_before: Option<Timestamp>,
}

/// A job as support sees it: the record without what is of no use to a person.
#[derive(Serialize, ToSchema)]
struct Job {
    job_id: JobId,
    status: Status,
    message_for_support: String,
    #[schema(required = true)]
    order_id: Option<String>,
    #[schema(required = true)]
    error: Option<Failure>,
    #[schema(required = true)]
    stage: Option<Stage>,
    attempt: u32,
    #[schema(required = true)]
    lease: Option<Lease>,
    recipe: String,
    upload: Upload,
    #[schema(required = true)]
    photo_of: Option<JobId>,
    #[schema(required = true)]
    cached_from: Option<JobId>,
    #[schema(required = true)]
    approval: Option<Approval>,
    #[schema(required = true)]
    webhook: Option<Webhook>,
    #[schema(required = true)]
    quality: Option<Quality>,
    #[schema(required = true)]
    model: Option<ModelInfo>,
    #[schema(required = true)]
    trace_id: Option<String>,
    created_at: Timestamp,
    #[schema(required = true)]
    started_at: Option<Timestamp>,
    #[schema(required = true)]
    finished_at: Option<Timestamp>,
    updated_at: Timestamp,
}

/// The tenant's jobs, by `status`, `order_id` and `since`; `before` and `limit` lead from page to page.
#[utoipa::path(
    get,
    path = "/admin/jobs",
    tag = "admin",
    operation_id = "list",
    summary = "Find jobs",
    description = "The tenant's jobs, the newest first, page by page.",
    params(parameters::Search),
    responses((status = 200, description = "A page of jobs.", body = Page, headers(("Vary" = String, description = "authorization"))),
        problems::Listing),
    security(("key" = ["admin"])),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    query: RawQuery,
) -> Result<Json<Page>, Problem> {
    caller.require(Scope::Admin)?;
    let Pairs(pairs) = query?;
    let search = search(&caller, &pairs)?;
    // One more than fits says whether there is another page.
    let one_more = JobSearch { limit: search.limit + 1, ..search.clone() };
    let mut found = app.backend.jobs.search(&one_more).await.map_err(Problem::records)?;
    let is_last = found.len() <= search.limit as usize;
    found.truncate(search.limit as usize);
    let next_before = found.last().filter(|_| !is_last).map(|record| record.created_at);
    found.retain(|record| record.expire_at > Timestamp::now());
    Ok(Json(Page { jobs: found.into_iter().map(Job::from).collect(), next_before }))
}

/// A name that is misspelt would find other jobs than were meant, so it is an error.
fn search(caller: &Caller, pairs: &[(String, String)]) -> Result<JobSearch, JobError> {
    let mut search = JobSearch {
        tenant: caller.tenant.clone(),
        status: None,
        order_id: None,
        since: None,
        before: None,
        limit: LIMIT.0,
    };
    for (index, (name, value)) in pairs.iter().enumerate().filter(|(_, (_, value))| !value.is_empty()) {
        if pairs.iter().take(index).any(|(other, _)| other == name) {
            return Err(JobError::InvalidSearch(
                "Each of status, order_id, since, before and limit may be given once.",
            ));
        }
        match name.as_str() {
            "status" => search.status = Some(read_status(value)?),
            "order_id" => search.order_id = Some(value.clone()),
            "since" => search.since = Some(read_time(value)?),
            "before" => search.before = Some(read_time(value)?),
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=LIMIT.1).contains(limit));
                search.limit =
                    limit.ok_or(JobError::InvalidSearch("limit must be a number from 1 to 200."))?;
            }
            _ => {
                return Err(JobError::InvalidSearch(
                    "Jobs are searched by status, order_id, since, before and limit, and by nothing else.",
                ));
            }
        }
    }
    Ok(search)
}

fn read_status(value: &str) -> Result<Status, JobError> {
    let all = [Status::Queued, Status::Processing, Status::Done, Status::Failed];
    let known = all.into_iter().find(|status| status.as_str() == value);
    known.ok_or(JobError::InvalidSearch("status must be one of: queued, processing, done, failed."))
}

fn read_time(value: &str) -> Result<Timestamp, JobError> {
    value
        .parse()
        .map_err(|_| JobError::InvalidSearch("since and before must be times such as 2026-05-01T09:30:00Z."))
}

impl From<JobRecord> for Job {
    fn from(record: JobRecord) -> Self {
        Self {
            job_id: record.job_id,
            status: record.status,
            message_for_support: record.message_for_support,
            order_id: record.order_id,
            error: record.error,
            stage: record.stage,
            attempt: record.attempt,
            lease: record.lease,
            recipe: record.recipe,
            upload: record.upload,
            photo_of: record.photo_of,
            cached_from: record.cached_from,
            approval: record.approval,
            webhook: record.webhook,
            quality: record.quality,
            model: record.model,
            trace_id: record.trace_id,
            created_at: record.created_at,
            started_at: record.started_at,
            finished_at: record.finished_at,
            updated_at: record.updated_at,
        }
    }
}
