//! `GET /headshot/{id}`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use headshot_backend::keys::Scope;
use headshot_core::{JobId, JobRecord};

use crate::auth::Caller;
use crate::document;
use crate::error::ApiError;
use crate::routes::App;

/// Where a job stands. An id that is none gets the same answer as one that is unknown.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.require(Scope::Read)?;
    let record = find(&app, &caller, id).await?;
    document::respond(&app, &record, &headers, &caller).await
}

/// The record of a job of the caller's. One of another tenant's is read all the same and then is not there, so that neither
/// the answer nor the time it takes tells whether such a job exists.
pub(crate) async fn find(
    app: &App,
    caller: &Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<JobRecord, ApiError> {
    let id: JobId = id.ok().and_then(|Path(id)| id.parse().ok()).ok_or(ApiError::NoSuchHeadshot)?;
    let record = app.backend.jobs.get(id).await.map_err(ApiError::records)?;
    record.filter(|record| record.tenant == caller.tenant).ok_or(ApiError::NoSuchHeadshot)
}
