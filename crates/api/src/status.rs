//! `GET /headshot/{id}`, at once or when there is news.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use headshot_core::{JobId, JobRecord, Tenant};

use crate::error::ApiError;
use crate::intake_error::IntakeError;
use crate::limits::LONGEST_WAIT;
use crate::routes::App;
use crate::submit::RawQuery;
use crate::watchers::WatchEnded;
use crate::{caller, document};

/// Where a job stands. With `wait`, the answer comes when there is news, or when the time is over.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
    query: RawQuery,
    request: Request,
) -> Result<Response, ApiError> {
    let wait = wait(query)?;
    let tenant = caller::tenant(request.extensions());
    let (id, headers) = (parse(id)?, request.headers());
    let record = read(&app, id, &tenant).await?;
    let record = match news(&app, record, headers, wait).await {
        Ok(record) => record,
        // Erased meanwhile, or the process stops.
        Err(WatchEnded) => Arc::new(read(&app, id, &tenant).await?),
    };
    document::respond(&app, &record, headers).await
}

/// The record that the path names, if it is the tenant's. An id that is none gets the same answer as one that is unknown,
/// and as another tenant's.
pub(crate) async fn find(
    app: &App,
    id: Result<Path<String>, PathRejection>,
    tenant: &Tenant,
) -> Result<JobRecord, ApiError> {
    read(app, parse(id)?, tenant).await
}

fn parse(id: Result<Path<String>, PathRejection>) -> Result<JobId, ApiError> {
    id.ok().and_then(|Path(id)| id.parse().ok()).ok_or(ApiError::NoSuchHeadshot)
}

async fn read(app: &App, id: JobId, tenant: &Tenant) -> Result<JobRecord, ApiError> {
    let record = app.backend.jobs.get(id).await.map_err(ApiError::records)?;
    caller::own(record, tenant).ok_or(ApiError::NoSuchHeadshot)
}

fn wait(query: RawQuery) -> Result<Duration, ApiError> {
    let axum::extract::Query(pairs) = query.map_err(|_| ApiError::MalformedQuery)?;
    let mut waits = pairs.iter().filter(|(name, _)| name == "wait").map(|(_, value)| value);
    let wait = match (waits.next(), waits.next()) {
        (None, _) => return Ok(Duration::ZERO),
        (Some(wait), None) => wait,
        (Some(_), Some(_)) => return Err(IntakeError::InvalidWait.into()),
    };
    let digits = wait.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = wait.parse().ok().filter(|_| digits).map(Duration::from_secs);
    Ok(seconds.filter(|wait| *wait <= LONGEST_WAIT).ok_or(IntakeError::InvalidWait)?)
}

/// A client that says what it has (`If-None-Match`) waits until the document is another one; one that does not, until
/// status or stage are others than now. Nobody waits for a job that has ended.
async fn news(
    app: &App,
    record: JobRecord,
    headers: &HeaderMap,
    wait: Duration,
) -> Result<Arc<JobRecord>, WatchEnded> {
    if wait.is_zero() {
        return Ok(Arc::new(record));
    }
    // Where very many wait already, one more is told where the job stands.
    let Ok(_permit) = app.waiting.try_acquire() else { return Ok(Arc::new(record)) };
    if headers.contains_key(header::IF_NONE_MATCH) {
        let other =
            |record: &JobRecord| record.status.is_terminal() || !document::is_had(app, record, headers);
        return app.watchers.until(record, wait, other).await;
    }
    let now = (record.status, record.stage);
    let other = move |record: &JobRecord| record.status.is_terminal() || (record.status, record.stage) != now;
    app.watchers.until(record, wait, other).await
}
