//! The connections that are served: how long each may be silent, and which of them goes when there is no room for another.

use std::collections::HashMap;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep_until, timeout};

use crate::limits::HEADER_TIMEOUT;

/// How long a connection that was asked to go may take before another one is asked.
const LEAVING: Duration = Duration::from_millis(100);

/// All that are open.
#[derive(Clone)]
pub(crate) struct Connections {
    shared: Arc<Shared>,
}

struct Shared {
    most: u32,
    permits: Arc<Semaphore>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Connection>,
}

/// One of them. Clones are the same.
#[derive(Clone)]
pub(crate) struct Connection {
    state: Arc<Mutex<State>>,
    leave: Arc<Notify>,
}

/// A connection's place among the open ones, given back when it is dropped.
pub(crate) struct Place {
    connection: Connection,
    number: u64,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

#[derive(Clone, Copy)]
enum State {
    /// Nothing was heard since the last answer.
    Idle(Instant),
    /// A request's head has begun.
    Head(Instant),
    /// A request is being answered.
    Busy,
}

impl Connections {
    /// Room for so many.
    pub(crate) fn new(most: u32) -> Self {
        let permits = Arc::new(Semaphore::new(most as usize));
        Self { shared: Arc::new(Shared { most, permits, open: Mutex::default() }) }
    }

    /// A place for another connection. If there is none, whoever has been silent for longest has to go; while all are being
    /// answered, it waits.
    pub(crate) async fn place(&self) -> Place {
        let mut waiting = pin!(self.shared.permits.clone().acquire_owned());
        let permit = loop {
            match timeout(Duration::ZERO, waiting.as_mut()).await {
                Ok(Ok(permit)) => break permit,
                Ok(Err(_)) => unreachable!("nobody closes the semaphore"),
                Err(_) => self.make_room(),
            }
            if let Ok(Ok(permit)) = timeout(LEAVING, waiting.as_mut()).await {
                break permit;
            }
        };
        let connection =
            Connection { state: Arc::new(Mutex::new(State::Idle(Instant::now()))), leave: Arc::default() };
        let mut open = self.open();
        let number = open.next;
        open.next += 1;
        open.connections.insert(number, connection.clone());
        drop(open);
        Place { connection, number, shared: self.shared.clone(), _permit: permit }
    }

    /// Waits until the last one is closed.
    pub(crate) async fn closed(&self) {
        let _ = self.shared.permits.acquire_many(self.shared.most).await;
    }

    fn make_room(&self) {
        let open = self.open();
        let silent =
            open.connections.values().filter_map(|connection| Some((connection.silent_since()?, connection)));
        if let Some((_, longest)) = silent.min_by_key(|(since, _)| *since) {
            // It may be found again before it has gone; then the next one is later in line all the same.
            *longest.state() = State::Busy;
            longest.leave.notify_one();
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.shared.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.connections.remove(&self.number);
    }
}

impl Connection {
    /// Waits until there is no room for it any more.
    pub(crate) async fn has_to_leave(&self) {
        self.leave.notified().await;
    }

    /// A request is being answered until the answer's body has been passed on, or is dropped.
    pub(crate) fn answering(&self) -> Answering {
        *self.state() = State::Busy;
        Answering(self.clone())
    }

    /// Reads and writes on behalf of this connection.
    pub(crate) fn watch<S>(&self, inner: S) -> Watched<S> {
        Watched { inner, connection: self.clone(), deadline: None }
    }

    fn silent_since(&self) -> Option<Instant> {
        match *self.state() {
            State::Idle(since) | State::Head(since) => Some(since),
            State::Busy => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self) {
        let mut state = self.state();
        if let State::Idle(_) = *state {
            *state = State::Head(Instant::now());
        }
    }

    fn head_since(&self) -> Option<Instant> {
        match *self.state() {
            State::Head(since) => Some(since),
            State::Idle(_) | State::Busy => None,
        }
    }
}

/// Says, by its end, that a connection is idle again.
pub(crate) struct Answering(Connection);

impl Answering {
    /// The answer, whose body ends this.
    pub(crate) fn until_passed_on(self, answer: Response) -> Response {
        answer.map(|body| Body::new(Passing { body, _answering: self }))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        *self.0.state() = State::Idle(Instant::now());
    }
}

struct Passing {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Passing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that breaks off when a head that has begun does not end. How long a connection may be idle hyper looks after.
pub(crate) struct Watched<S> {
    inner: S,
    connection: Connection,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.connection.heard();
        }
        match self.connection.head_since() {
            Some(since) if outcome.is_pending() => {
                let ends = (since + HEADER_TIMEOUT).into();
                let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep_until(ends)));
                if deadline.deadline() != ends {
                    deadline.as_mut().reset(ends);
                }
                deadline.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
            _ => outcome,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_has_been_silent_for_longest_makes_room_and_whoever_is_answered_stays() {
        let connections = Connections::new(3);
        let mut places = Vec::new();
        for _ in 0..3 {
            places.push(connections.place().await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let answering = places[0].connection().answering();
        let (waiting, second) = (connections.place(), places.remove(1));
        let leaving = async {
            second.connection().has_to_leave().await;
            drop(second);
        };
        let (fourth, ()) = tokio::join!(waiting, leaving);
        drop((fourth, answering));
        assert!(places[0].connection().silent_since().is_some(), "it is idle again");
    }

    #[tokio::test]
    async fn while_all_are_answered_a_new_one_waits() {
        let connections = Connections::new(1);
        let place = connections.place().await;
        let answering = place.connection().answering();
        let mut waiting = pin!(connections.place());
        assert!(timeout(Duration::from_millis(300), waiting.as_mut()).await.is_err());
        drop(answering);
        let leaving = async {
            place.connection().has_to_leave().await;
            drop(place);
        };
        tokio::join!(waiting, leaving);
        connections.closed().await;
    }
}
