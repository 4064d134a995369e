//! Which shop pages may call the API from a browser.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Answers for the listed origins and nobody else; credentials are never allowed. With an empty list no page of another
/// origin may call.
pub(crate) fn layer(origins: &[HeaderValue]) -> CorsLayer {
    const HOUR: Duration = Duration::from_secs(3600);
    let request_id = HeaderName::from_static("x-request-id");
    let limits = HeaderName::from_static("ratelimit");
    let policies = HeaderName::from_static("ratelimit-policy");
    let traceparent = HeaderName::from_static("traceparent");
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            request_id.clone(),
            traceparent,
        ])
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            request_id,
            limits,
            policies,
        ])
        .max_age(HOUR)
}
