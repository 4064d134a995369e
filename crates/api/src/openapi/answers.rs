//! What calls answer when all is well, where it is more than a type can say.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::{Content, ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Schema};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::examples;
use super::headers::header;
use crate::error::problem;
use crate::jobs::view::Accepted;
use crate::jobs::view::Document;

type Responses = BTreeMap<String, RefOr<Response>>;

/// 202: the job is safe, and not done yet.
pub(crate) struct Queued;
/// The same, of a call that takes an idempotency key.
pub(crate) struct QueuedOnce;
/// 200 or 202, of a call that waits.
pub(crate) struct Waited;
/// 200: where a headshot stands.
pub(crate) struct Shown;
/// The same, or 304.
pub(crate) struct ShownIfNew;

/// One of the server-sent events. As OpenAPI 3.1 has no way to describe a stream, this is each of its items.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct StatusEvent {
    /// `status`.
    event: StatusEventName,
    /// For `Last-Event-ID`.
    id: String,
    /// What `GET /headshot/{id}` answers with.
    #[schema(content_media_type = "application/json")]
    data: String,
}

/// The name of every event.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "only described")]
pub(crate) enum StatusEventName {
    /// The document has changed, or is told for the first time.
    Status,
}

impl IntoResponses for Queued {
    fn responses() -> Responses {
        [queued(&[])].into()
    }
}

impl IntoResponses for QueuedOnce {
    fn responses() -> Responses {
        [queued(&["Idempotency-Replayed"])].into()
    }
}

impl IntoResponses for Waited {
    fn responses() -> Responses {
        const MORE: [&str; 2] = ["Idempotency-Replayed", "Preference-Applied"];
        [shown("The headshot is done.", &["Location", MORE[0], MORE[1]]), queued(&MORE)].into()
    }
}

impl IntoResponses for Shown {
    fn responses() -> Responses {
        [shown("The headshot.", &[])].into()
    }
}

impl IntoResponses for ShownIfNew {
    fn responses() -> Responses {
        let same = ["ETag", "Cache-Control", "Retry-After", "Vary"];
        [
            shown(
                "Where the headshot stands. The links are there once it is `done`, and new in each answer.",
                &["Retry-After"],
            ),
            answer("304", "Nothing is new since the answer with the tag of `If-None-Match`.", None, &same),
        ]
        .into()
    }
}

fn shown(description: &str, more: &[&str]) -> (String, RefOr<Response>) {
    let content = json(Document::name().as_ref(), examples::headshot());
    let headers = [&["ETag", "Cache-Control", "Vary"], more].concat();
    answer("200", description, Some(content), &headers)
}

fn queued(more: &[&str]) -> (String, RefOr<Response>) {
    let content = json(Accepted::name().as_ref(), examples::accepted());
    let headers = [&["Location", "Retry-After", "Cache-Control", "Vary"], more].concat();
    answer(
        "202",
        "The job is safe: it will be done, whatever happens. Ask for it at `Location`.",
        Some(content),
        &headers,
    )
}

fn json(schema: &str, example: Option<Value>) -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).example(example).build()
}

fn answer(
    status: &str,
    description: &str,
    content: Option<Content>,
    headers: &[&str],
) -> (String, RefOr<Response>) {
    let mut response = ResponseBuilder::new().description(description);
    if let Some(content) = content {
        response = response.content("application/json", content);
    }
    for name in headers {
        response = response.header(*name, header(name));
    }
    (status.into(), RefOr::T(response.build()))
}

/// The types that these name.
pub(super) fn schemas(found: &mut Vec<(String, RefOr<Schema>)>) {
    found.push((Document::name().into(), Document::schema()));
    Document::schemas(found);
    found.push((Accepted::name().into(), Accepted::schema()));
    Accepted::schemas(found);
    found.push((problem::Document::name().into(), problem::Document::schema()));
    problem::Document::schemas(found);
}
