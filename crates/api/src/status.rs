//! `GET /headshot/{id}`.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use headshot_core::JobId;

use crate::document;
use crate::error::ApiError;
use crate::routes::App;

/// Where a job stands. An id that is none gets the same answer as one that is unknown.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id: JobId = id.ok().and_then(|Path(id)| id.parse().ok()).ok_or(ApiError::NoSuchHeadshot)?;
    let record = app.backend.jobs.get(id).await.map_err(ApiError::records)?;
    document::respond(&app, &record.ok_or(ApiError::NoSuchHeadshot)?, &headers).await
}
