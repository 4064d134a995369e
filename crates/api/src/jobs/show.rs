//! `GET /headshot/{id}`, at once or when there is news.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use headshot_backend::api_keys::Scope;
use headshot_core::{JobId, JobRecord};
use jiff::Timestamp;

use crate::error::problem::Problem;
use crate::http::query::{Pairs, RawQuery};
use crate::jobs::error::JobError;
use crate::jobs::view;
use crate::jobs::watch::WatchEnded;
use crate::limits::LONGEST_WAIT;
use crate::middleware::auth::caller::Caller;
use crate::openapi::{answers, parameters, problems};
use crate::state::App;

/// Where a job stands. With `wait`, the answer comes when there is news, or when the time is over.
#[utoipa::path(
    get,
    path = "/headshot/{id}",
    tag = "headshots",
    operation_id = "show",
    summary = "Where a headshot stands",
    description = "At once, or with `wait` when there is news. The links to the files for print are there for keys with the scope `print`.",
    params(parameters::Id, parameters::Wait, parameters::IfNoneMatch),
    responses(answers::ShownIfNew, problems::Showing),
    security(("key" = ["read"])),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
    query: RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    caller.require(Scope::Read)?;
    let wait = wait(query)?;
    let (id, headers) = (parse(id)?, request.headers());
    let record = read(&app, id, &caller).await?;
    let record = match news(&app, record, headers, wait, &caller).await {
        Ok(record) => record,
        // Erased meanwhile, or the process stops.
        Err(WatchEnded) => Arc::new(read(&app, id, &caller).await?),
    };
    view::respond(&app, &record, headers, &caller).await
}

/// The record that the path names, if it is the caller's. One of another tenant's is read all the same and then is not there,
/// so that neither the answer nor the time it takes tells whether such a job exists; an id that is none gets that answer too.
pub(crate) async fn find(
    app: &App,
    id: Result<Path<String>, PathRejection>,
    caller: &Caller,
) -> Result<JobRecord, Problem> {
    read(app, parse(id)?, caller).await
}

fn parse(id: Result<Path<String>, PathRejection>) -> Result<JobId, Problem> {
    id.ok().and_then(|Path(id)| id.parse().ok()).ok_or_else(Problem::no_such_headshot)
}

/// Finds a job by its id, also one that has expired and is not deleted yet. For erasing.
pub(crate) async fn find_kept(
    app: &App,
    id: Result<Path<String>, PathRejection>,
    caller: &Caller,
) -> Result<JobRecord, Problem> {
    read_kept(app, parse(id)?, caller).await
}

pub(crate) async fn read(app: &App, id: JobId, caller: &Caller) -> Result<JobRecord, Problem> {
    // Firestore takes up to a day to delete what has expired, and by then the pictures are gone.
    let record = read_kept(app, id, caller).await?;
    if record.expire_at > Timestamp::now() { Ok(record) } else { Err(Problem::no_such_headshot()) }
}

async fn read_kept(app: &App, id: JobId, caller: &Caller) -> Result<JobRecord, Problem> {
    let record = app.backend.jobs.get(id).await.map_err(Problem::records)?;
    record.filter(|record| record.tenant == caller.tenant).ok_or_else(Problem::no_such_headshot)
}

fn wait(query: RawQuery) -> Result<Duration, Problem> {
    let Pairs(pairs) = query?;
    let mut waits = pairs.iter().filter(|(name, _)| name == "wait").map(|(_, value)| value);
    let wait = match (waits.next(), waits.next()) {
        (None, _) => return Ok(Duration::ZERO),
        (Some(wait), None) => wait,
        (Some(_), Some(_)) => return Err(JobError::InvalidWait.into()),
    };
    let digits = wait.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = wait.parse().ok().filter(|_| digits).map(Duration::from_secs);
    Ok(seconds.filter(|wait| *wait <= LONGEST_WAIT).ok_or(JobError::InvalidWait)?)
}

/// A client that says what it has (`If-None-Match`) waits until the document is another one; one that does not, until
/// status or stage are others than now. Nobody waits for a job that has ended.
async fn news(
    app: &App,
    record: JobRecord,
    headers: &HeaderMap,
    wait: Duration,
    caller: &Caller,
) -> Result<Arc<JobRecord>, WatchEnded> {
    if wait.is_zero() {
        return Ok(Arc::new(record));
    }
    // Where very many wait already, one more is told where the job stands.
    let Ok(_permit) = app.waiting.try_acquire() else { return Ok(Arc::new(record)) };
    if headers.contains_key(header::IF_NONE_MATCH) {
        let other =
            |record: &JobRecord| record.status.is_terminal() || !view::is_had(app, record, headers, caller);
        return app.watchers.until(record, wait, other).await;
    }
    let now = (record.status, record.stage);
    let other = move |record: &JobRecord| record.status.is_terminal() || (record.status, record.stage) != now;
    app.watchers.until(record, wait, other).await
}
