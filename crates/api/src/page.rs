//! `GET /` for people: the page, its style sheets and its scripts, all of them part of this program.
//!
//! The files are `page/`; nothing is built, and nothing is fetched from elsewhere. Each asset's name carries a hash of
//! what it holds, so browsers keep it for ever and never mix two versions; the page itself they ask for each time.

pub(crate) mod assets;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::error::problem::Problem;
use crate::health;
use crate::http::accept;
use crate::openapi::{parameters, problems};
use crate::state::App;

/// `GET /`: the page for a browser, a word about the service for a program.
#[utoipa::path(
    get,
    path = "/",
    tag = "service",
    operation_id = "index",
    summary = "A word about the service, or its page",
    description = "Browsers, which ask for `text/html`, get a page for customers.",
    params(parameters::IfNoneMatch),
    responses(
        (status = 200, description = "JSON, unless `Accept` prefers HTML.",
         content((health::Word = "application/json"), (String = "text/html")),
         headers(("Vary" = String, description = "accept"))),
        (status = 304, description = "The browser has the page."),
        problems::Internal,
    ),
)]
pub(crate) async fn index(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let mut response =
        if accept::prefers_html(&headers) { app.page.show(&headers) } else { health::word(&app) };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// `GET /assets/{name}`. A name of another version is not found rather than answered with this version's bytes, which a
/// browser would keep under that name for a year.
#[utoipa::path(
    get,
    path = "/assets/{name}",
    tag = "service",
    operation_id = "asset",
    summary = "What the page consists of",
    params(("name" = String, Path, description = "As the page names it; another version's are not found.")),
    responses(
        (status = 200, description = "The file, which may be kept for ever.",
         content((String = "text/css"), (String = "text/javascript"), (String = "image/svg+xml")),
         headers(("Cache-Control" = String, description = "public, max-age=31536000, immutable"))),
        problems::Missing,
    ),
)]
pub(crate) async fn asset(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let asset = app.page.assets.iter().find(|asset| asset.name == name).ok_or_else(Problem::no_such_route)?;
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, asset.bytes.clone()).into_response())
}
