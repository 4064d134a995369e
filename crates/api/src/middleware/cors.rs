//! Which shop pages may call the API from a browser.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// Answers for the listed origins and nobody else; credentials are never allowed. With an empty list no page of another
/// origin may call.
pub(crate) fn layer(origins: &[HeaderValue]) -> CorsLayer {
    const HOUR: Duration = Duration::from_secs(3600);
    let named = |name| HeaderName::from_static(name);
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        // Tracers and HTTP clients add headers of their own (baggage, sentry-trace, x-requested-with, …).
        // One that means nothing here does no harm, and without credentials none says who the customer is.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            named("idempotency-replayed"),
            named("preference-applied"),
            named("ratelimit"),
            named("ratelimit-policy"),
            named("x-request-id"),
        ])
        .max_age(HOUR)
}
