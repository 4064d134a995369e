//! Problem documents (RFC 9457): how every error of the API looks on the wire.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headshot_core::JobId;
use serde::Serialize;
use utoipa::ToSchema;

/// An error as the client will see it, plus what only the log gets to see.
///
/// As a response it is an empty body with the problem among the extensions; the outermost middleware writes the
/// document, because only there the request's id is known, and logs the cause.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) detail: Cow<'static, str>,
    pub(crate) retryable: bool,
    pub(crate) retry_after: Option<u64>,
    pub(crate) job_id: Option<JobId>,
    /// What `WWW-Authenticate` says.
    pub(crate) challenge: Option<Cow<'static, str>>,
    pub(crate) cause: Option<Arc<anyhow::Error>>,
}

/// Every error, as RFC 9457 has it; `code` tells them apart.
//
// There is no page to point `type` at, so it is `about:blank`, and `title` is the status's own phrase, as the RFC wants it then.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document<'a> {
    /// `about:blank`.
    r#type: &'static str,
    /// The status's own phrase.
    title: &'static str,
    /// The answer's status.
    status: u16,
    /// A sentence that may be shown.
    detail: &'a str,
    /// What to program against.
    code: &'a str,
    /// The request's id, under which the log has it.
    request_id: &'a str,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// The job that it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    job_id: Option<JobId>,
}

impl Problem {
    /// A problem that will be the same if the same request is sent again.
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (code, detail) = (code.into(), detail.into());
        Self {
            status,
            code,
            detail,
            retryable: false,
            retry_after: None,
            job_id: None,
            challenge: None,
            cause: None,
        }
    }

    /// The request itself is wrong.
    pub(crate) fn bad_request(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// Says that the same request may well succeed later, and when to try.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retryable = true;
        self.retry_after = Some(seconds);
        self
    }

    /// The same, for a wait that may be none or a part of a second.
    pub(crate) fn retry_in(self, wait: Duration) -> Self {
        self.retry_after(seconds(wait).max(1))
    }

    /// What the framework answered by itself, put into our form.
    pub(crate) fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                status,
                "method_not_allowed",
                "This address does not take that method; the Allow header lists those it takes.",
            ),
            status if status.is_server_error() => {
                Self::new(status, "internal", "Something went wrong on our side. Please try again.")
                    .retry_after(5)
            }
            status => Self::new(status, "bad_request", "The request could not be understood."),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Whole seconds, rounded up, so that a client that waits for them has waited long enough.
pub(crate) fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// The document of a problem.
pub(crate) fn document(problem: &Problem, request_id: &str) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Document {
        r#type: "about:blank",
        title: problem.status.canonical_reason().unwrap_or("Error"),
        status: problem.status.as_u16(),
        detail: &problem.detail,
        code: &problem.code,
        request_id,
        retryable: problem.retryable,
        job_id: problem.job_id,
    })
}

/// Turns any error response into a problem document; other responses pass. The problem comes back for the log.
pub(crate) fn render(response: Response, request_id: &str) -> (Response, Option<Problem>) {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return (response, None);
    }
    let (mut parts, _) = response.into_parts();
    let problem = parts.extensions.remove::<Problem>().unwrap_or_else(|| Problem::from_status(status));
    let body = document(&problem, request_id).unwrap_or_default();
    parts.headers.remove(header::TRANSFER_ENCODING);
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(location) =
        problem.job_id.and_then(|id| HeaderValue::try_from(format!("/headshot/{id}")).ok())
    {
        parts.headers.insert(header::LOCATION, location);
    }
    if let Some(challenge) = problem.challenge.as_deref().and_then(|text| HeaderValue::try_from(text).ok()) {
        parts.headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    if let Some(seconds) = problem.retry_after {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    (Response::from_parts(parts, Body::from(body)), Some(problem))
}
