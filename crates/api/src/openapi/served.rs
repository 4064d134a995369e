//! `GET /openapi.json`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::document::Document;
use super::{parameters, problems};
use crate::http::etag;
use crate::state::App;

/// The description of this very version.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "service",
    operation_id = "openapi",
    summary = "This document",
    params(parameters::IfNoneMatch),
    responses(
        (status = 200, description = "This document, OpenAPI 3.1.", body = serde_json::Value, content_type = "application/json",
         headers(("ETag" = String, description = "The document's tag."), ("Cache-Control" = String, description = "Five minutes."))),
        (status = 304, description = "The client has it.",
         headers(("ETag" = String, description = "The document's tag."), ("Cache-Control" = String, description = "Five minutes."))),
        problems::Internal,
    ),
)]
pub(crate) async fn serve(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let Document { text, tag, .. } = &**app.description;
    let mut response = if etag::is_known(&headers, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
