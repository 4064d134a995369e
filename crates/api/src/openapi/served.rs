//! `GET /openapi.json`.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{parameters, problems};
use crate::jobs::view;
use crate::sha256;

/// The document as bytes, and its tag.
static SERVED: LazyLock<(Bytes, String)> = LazyLock::new(|| {
    let text = super::document();
    let digest = sha256::hex(Sha256::new_with_prefix(&text));
    let tag = format!("\"{}\"", digest.get(..32).unwrap_or(&digest));
    (text.into(), tag)
});

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
pub(crate) async fn serve(headers: HeaderMap) -> Response {
    let (text, tag) = &*SERVED;
    let mut response = if view::is_known(&headers, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], text.clone()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
