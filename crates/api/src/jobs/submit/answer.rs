//! What a request is answered that made a job.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headshot_core::JobId;

use crate::jobs::create::Created;
use crate::jobs::error::JobError;
use crate::jobs::view::Accepted;

/// What idempotency keys know both calls as: they make the same job of the same photo.
pub(crate) const OPERATION: &str = "headshot";

/// A photo that is, or was, accepted.
pub(crate) struct Submitted {
    /// The job.
    pub(crate) id: JobId,
    /// Whether an earlier request made it.
    pub(crate) replayed: bool,
    published: bool,
}

impl Submitted {
    /// An earlier request has made the job.
    pub(crate) fn before(id: JobId) -> Self {
        Self { id, replayed: true, published: true }
    }

    /// Fails if no worker has been told of the job.
    pub(crate) fn is_published(&self) -> Result<(), JobError> {
        if self.published { Ok(()) } else { Err(JobError::Unpublished(self.id)) }
    }
}

impl From<Created> for Submitted {
    fn from(Created { id, published }: Created) -> Self {
        Self { id, replayed: false, published }
    }
}

/// Says so where an earlier request made the job.
pub(crate) fn marked(mut response: Response, submitted: &Submitted) -> Response {
    if submitted.replayed {
        let name = HeaderName::from_static("idempotency-replayed");
        response.headers_mut().insert(name, HeaderValue::from_static("true"));
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
