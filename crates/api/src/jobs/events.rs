//! `GET /headshot/{id}/events`: a job's document each time it changes, as server-sent events.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use headshot_backend::api_keys::Scope;
use headshot_core::{JobRecord, Status};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use crate::error::problem::Problem;
use crate::jobs::error::JobError;
use crate::jobs::watch::Watched;
use crate::jobs::{show, view};
use crate::middleware::auth::caller::Caller;
use crate::openapi::{StatusEvent, parameters, problems};
use crate::state::App;

/// A comment so often keeps proxies from taking a quiet stream for a dead one.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A stream ends after so long, and its client asks for the next. Cloud Run would cut it at `timeout` (330 s in
/// `terraform/`), and a reader that is gone without a word is not kept for ever.
const LONGEST: Duration = Duration::from_secs(300);

/// How soon a client whose stream ended asks for the next, in milliseconds.
const RETRY: u64 = 2_000;

/// Streams until the job has ended. `EventSource` asks again after every end, also the last: with the last event's id, and
/// is told 204 then, which is how the standard has it stop.
#[utoipa::path(
    get,
    path = "/headshot/{id}/events",
    tag = "headshots",
    operation_id = "events",
    summary = "Listen to a headshot",
    description = "Server-sent events: one with the document as it stands and one at each change, until the job has ended. Each has the \
                   name `status`, and as its data what `GET /headshot/{id}` answers with.",
    params(parameters::Id, parameters::LastEventId),
    responses(
        (status = 200, description = "The events.", body = StatusEvent, content_type = "text/event-stream",
         headers(("Cache-Control" = String, description = "no-store"), ("Vary" = String, description = "authorization"))),
        (status = 204, description = "The job has ended, and the client has seen it: there is nothing to listen to."),
        problems::Listening,
    ),
    security(("key" = ["read"])),
)]
pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.require(Scope::Read)?;
    let record = show::find(&app, id, &caller).await?;
    let known = request.headers().get("last-event-id").map(HeaderValue::as_bytes);
    let has = |record: &JobRecord| known.is_some_and(|known| known == event_id(record).as_bytes());
    if record.status.is_terminal() && has(&record) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let permit = app.streams.clone().try_acquire_owned().map_err(|_| JobError::TooManyStreams)?;
    let mut watched = app.watchers.watch(record);
    let begins_with_news = !has(&watched.borrow_and_update());
    if begins_with_news {
        watched.mark_changed();
    }
    let now = Instant::now();
    let events = Events {
        app,
        caller,
        watched,
        _permit: permit,
        begun: false,
        heartbeat: now + HEARTBEAT,
        end: now + LONGEST,
    };
    Ok((StatusCode::OK, headers(), Body::from_stream(events.into_stream())).into_response())
}

fn headers() -> HeaderMap {
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // nginx, where it stands in front, would gather events otherwise.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ])
}

struct Events {
    app: Arc<App>,
    caller: Caller,
    watched: Watched,
    _permit: OwnedSemaphorePermit,
    begun: bool,
    heartbeat: Instant,
    end: Instant,
}

impl Events {
    fn into_stream(self) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
        stream::unfold(self, |mut events| async move {
            let text = events.next().await?;
            Some((Ok(Bytes::from(text)), events))
        })
    }

    /// What goes out next; `None` ends the stream.
    async fn next(&mut self) -> Option<String> {
        if !std::mem::replace(&mut self.begun, true) {
            return Some(format!("retry: {RETRY}\n\n"));
        }
        tokio::select! {
            biased;
            changed = self.watched.changed() => changed.ok()?,
            () = sleep_until(self.end) => return None,
            () = sleep_until(self.heartbeat) => {
                self.heartbeat = Instant::now() + HEARTBEAT;
                return Some(": still there\n\n".into());
            }
        }
        self.heartbeat = Instant::now() + HEARTBEAT;
        let record = self.watched.borrow_and_update().clone();
        match view::json(&self.app, &record, &self.caller).await {
            Ok(json) => Some(format!("event: status\nid: {}\ndata: {json}\n\n", event_id(&record))),
            // The client asks again, and may be luckier.
            Err(error) => {
                warn!(job_id = %record.job_id, ?error, "a stream of events ends early");
                None
            }
        }
    }
}

/// Changes with every write of the record, and when the job has ended no more.
fn event_id(record: &JobRecord) -> String {
    let status: Status = record.status;
    format!("{status}-{}", record.updated_at.as_microsecond())
}
