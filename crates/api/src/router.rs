//! Which address leads where, and what every request passes on its way.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admin::{list, resend};
use crate::error::problem::Problem;
use crate::jobs::submit::handler;
use crate::jobs::{approve, erase, events, rerender, retry, show};
use crate::middleware::admission;
use crate::middleware::auth;
use crate::middleware::{cors, drain_body, request_log};
use crate::openapi::document::Document;
use crate::state::App;
use crate::uploads::{create, put};
use crate::{files, health, openapi, page};

/// The whole API.
pub(crate) fn router(app: Arc<App>) -> Router {
    let cors = cors::layer(&app.config.allowed_origins);
    let creating =
        Router::from(creating()).route_layer(from_fn_with_state(app.clone(), admission::limit_new_jobs));
    let protected = Router::from(protected())
        .route_layer(from_fn_with_state(app.clone(), admission::limit_calls))
        .merge(creating)
        // The last one is the first that a request meets.
        .route_layer(from_fn_with_state(app.clone(), auth::authenticate));
    Router::from(open())
        .merge(protected)
        .fallback(|| async { Problem::no_such_route() })
        .layer(from_fn(catch_panic))
        .layer(cors)
        .layer(from_fn(drain_body::linger))
        // Outermost, so that problems are written as documents and logged whoever raised them.
        .layer(from_fn_with_state(app.clone(), request_log::observe))
        .with_state(app)
}

/// The description of every call.
pub(crate) static DESCRIPTION: LazyLock<Document> =
    LazyLock::new(|| openapi::document(all().split_for_parts().1));

/// Every call, for the description. What is in one is in the other: each handler says its own method and path.
fn all() -> OpenApiRouter<Arc<App>> {
    open().merge(creating()).merge(protected())
}

/// What makes a job, and needs a key where keys are asked for. A key's quota counts these calls.
fn creating() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(handler::and_wait))
        .routes(routes!(handler::and_return))
        .routes(routes!(rerender::rerender))
}

/// What else needs a key, where keys are asked for. What each call needs beside, its handler says.
fn protected() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(show::show, erase::erase))
        .routes(routes!(approve::approve))
        .routes(routes!(list::list))
        .routes(routes!(retry::retry))
        .routes(routes!(resend::resend))
        .routes(routes!(events::stream))
        .routes(routes!(create::announce))
}

/// What everybody may see, and what is protected by signatures of its own.
fn open() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(page::index))
        .routes(routes!(page::asset))
        .routes(routes!(openapi::serve))
        .routes(routes!(health::live))
        .routes(routes!(health::live_outside))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(files::download, put::put))
}

/// A defect in one request must not take the connection, let alone the process, down.
async fn catch_panic(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Problem::internal(anyhow::anyhow!("a handler panicked: {text}")).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_answers_with_a_problem() {
        async fn defect() -> &'static str {
            panic!("on purpose")
        }
        let router: Router = Router::new().route("/", get(defect)).layer(from_fn(catch_panic));
        let response = TowerToHyperService::new(router).call(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let problem = response.extensions().get::<Problem>().unwrap();
        assert_eq!(problem.code, "internal");
        assert!(!problem.detail.contains("on purpose"), "what went wrong is for the log");
        assert!(format!("{:?}", problem.cause).contains("on purpose"));
    }
}
