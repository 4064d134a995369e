//! Resumable uploads: a session, then the bytes in one request or several, each saying which bytes it holds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_RANGE, HeaderValue, LOCATION, RANGE};
use hyper::{Request, StatusCode};
use tokio::sync::Mutex as AsyncMutex;

use crate::answer::{Answer, Problem, full, json_answer};
use crate::insert;
use crate::preconditions::Preconditions;
use crate::routes::resource;
use crate::server::Shared;
use crate::store::{Described, Draft, Object};

#[derive(Default)]
pub(crate) struct Sessions {
    last: AtomicU64,
    open: Mutex<HashMap<String, Arc<AsyncMutex<Session>>>>,
}

struct Session {
    bucket: String,
    name: String,
    described: Described,
    preconditions: Preconditions,
    state: State,
}

enum State {
    Open(Draft),
    Finished(Arc<Object>),
    Refused,
}

pub(crate) async fn begin(
    shared: &Shared,
    bucket: &str,
    query: &HashMap<String, String>,
    preconditions: Preconditions,
    request: Request<Incoming>,
) -> Result<Answer, Problem> {
    let described = insert::described(&insert::small(request.into_body()).await?)?;
    let name = query.get("name").ok_or_else(|| Problem::bad_request("the object has no name"))?;
    if !shared.store.has_bucket(bucket) {
        return Err(Problem::no_bucket());
    }
    let session = Session {
        bucket: bucket.into(),
        name: name.clone(),
        described,
        preconditions,
        state: State::Open(shared.store.draft()?),
    };
    let id = shared.sessions.last.fetch_add(1, Ordering::Relaxed).to_string();
    // The client's Host header has no port, so only the fake itself knows where it can be found.
    let location = format!("{}/upload/resumable/{id}", shared.endpoint);
    shared.sessions.lock().insert(id, Arc::new(AsyncMutex::new(session)));
    let mut answer = Answer::new(full(""));
    answer.headers_mut().insert(LOCATION, HeaderValue::from_str(&location).map_err(Problem::internal)?);
    Ok(answer)
}

pub(crate) async fn go_on(shared: &Shared, id: &str, request: Request<Incoming>) -> Result<Answer, Problem> {
    let session = shared.sessions.lock().get(id).cloned().ok_or_else(Problem::no_such_thing)?;
    let mut session = session.lock().await;
    let range = request.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let range = Sent::parse(range.unwrap_or("bytes 0-*/*"))?;
    let draft = match &mut session.state {
        State::Finished(object) => return Ok(json_answer(StatusCode::OK, &resource(object))),
        State::Refused => return Err(Problem::precondition()),
        State::Open(draft) => draft,
    };
    if range.first.is_some_and(|first| first != draft.size) {
        return Err(Problem::bad_request("the bytes do not follow on those that are here"));
    }
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        if let Ok(chunk) = frame.map_err(Problem::internal)?.into_data() {
            draft.write(&chunk)?;
        }
    }
    // A range without an end is the rest of the object; otherwise it says itself whether it is.
    let whole = match range.total {
        Some(total) => draft.size == total,
        None => range.open_ended,
    };
    if !whole {
        let mut answer = Answer::new(full(""));
        *answer.status_mut() = StatusCode::PERMANENT_REDIRECT;
        if let Some(last) = draft.size.checked_sub(1) {
            let range = HeaderValue::from_str(&format!("bytes=0-{last}")).map_err(Problem::internal)?;
            answer.headers_mut().insert(RANGE, range);
        }
        return Ok(answer);
    }
    let State::Open(draft) = std::mem::replace(&mut session.state, State::Refused) else {
        return Err(Problem::internal("the session was closed meanwhile"));
    };
    let place = (session.bucket.as_str(), session.name.as_str());
    let object = shared.store.finish(draft, place, &session.described, session.preconditions)?;
    session.state = State::Finished(object.clone());
    Ok(json_answer(StatusCode::OK, &resource(&object)))
}

/// What a `Content-Range` says: `bytes 0-99/200`, `bytes 0-99/*`, `bytes 0-*/*`, `bytes */200`, or `bytes */*`.
struct Sent {
    first: Option<u64>,
    total: Option<u64>,
    open_ended: bool,
}

impl Sent {
    fn parse(text: &str) -> Result<Self, Problem> {
        let bad = || Problem::bad_request(format!("{text:?} is no Content-Range"));
        let (span, total) = text.strip_prefix("bytes ").and_then(|t| t.split_once('/')).ok_or_else(bad)?;
        let number = |text: &str| text.parse::<u64>().map(Some).map_err(|_| bad());
        let (first, open_ended) = match span.split_once('-') {
            None if span == "*" => (None, false),
            None => return Err(bad()),
            Some((first, last)) => (number(first)?, last == "*" && total == "*"),
        };
        let total = if total == "*" { None } else { number(total)? };
        Ok(Self { first, total, open_ended })
    }
}

impl Sessions {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<AsyncMutex<Session>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
