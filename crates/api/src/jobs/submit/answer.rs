//! What a request is answered that made a job.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headshot_core::JobId;

use crate::jobs::view::Accepted;
use crate::middleware::admission::NoNewJob;

/// What idempotency keys know both calls as: they make the same job of the same photo.
pub(crate) const OPERATION: &str = "headshot";

/// A photo that is, or was, accepted.
pub(crate) struct Submitted {
    /// The job.
    pub(crate) id: JobId,
    /// Whether an earlier request made it.
    pub(crate) replayed: bool,
}

/// Says so where an earlier request made the job.
pub(crate) fn marked(mut response: Response, submitted: &Submitted) -> Response {
    if submitted.replayed {
        let name = HeaderName::from_static("idempotency-replayed");
        response.headers_mut().insert(name, HeaderValue::from_static("true"));
        response.extensions_mut().insert(NoNewJob);
    }
    response
}

/// Seconds until it is worth asking for the job.
const ASK_AGAIN: u64 = 1;

pub(crate) fn queued(id: JobId) -> Response {
    let body = Json(Accepted::new(id));
    let mut response = (StatusCode::ACCEPTED, body).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(ASK_AGAIN));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    locate(&mut response, id);
    response
}

pub(super) fn locate(response: &mut Response, id: JobId) {
    if let Ok(location) = HeaderValue::from_str(&format!("/headshot/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
}
