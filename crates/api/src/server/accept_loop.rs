//! The connections that are served: how long each may be silent, and which of them goes when there is no room for another.

use std::collections::HashMap;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::HttpBody;
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
    /// The number of requests being answered. A body may still be read while the next request is answered.
    Busy(usize),
    /// It was asked to go. If a head has begun, its end is not waited for.
    Leaving { begun: bool },
}

enum Until {
    Now,
    Then(Instant),
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
            longest.ask_to_leave();
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

    /// Marks the connection as answering until the request's body and the answer's are read or dropped.
    pub(crate) fn answering(&self) -> Arc<Answering> {
        let mut state = self.state();
        let before = if let State::Busy(requests) = *state { requests } else { 0 };
        *state = State::Busy(before + 1);
        Arc::new(Answering(self.clone()))
    }

    /// Reads and writes on behalf of this connection.
    pub(crate) fn watch<S>(&self, inner: S) -> Watched<S> {
        Watched { inner, connection: self.clone(), deadline: None }
    }

    fn silent_since(&self) -> Option<Instant> {
        match *self.state() {
            State::Idle(since) | State::Head(since) => Some(since),
            State::Busy(_) | State::Leaving { .. } => None,
        }
    }

    fn ask_to_leave(&self) {
        let mut state = self.state();
        *state = State::Leaving { begun: matches!(*state, State::Head(_)) };
        self.leave.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self) {
        let mut state = self.state();
        *state = match *state {
            State::Idle(_) => State::Head(Instant::now()),
            State::Leaving { .. } => State::Leaving { begun: true },
            other => other,
        };
    }

    /// How long a head that has begun is waited for.
    fn head_until(&self) -> Option<Until> {
        match *self.state() {
            State::Head(since) => Some(Until::Then(since + HEADER_TIMEOUT)),
            State::Leaving { begun: true } => Some(Until::Now),
            _ => None,
        }
    }
}

/// Says, by its end, that a request has been answered.
pub(crate) struct Answering(Connection);

impl Drop for Answering {
    fn drop(&mut self) {
        let mut state = self.0.state();
        *state = match *state {
            State::Busy(requests) if requests > 1 => State::Busy(requests - 1),
            _ => State::Idle(Instant::now()),
        };
    }
}

/// The body of a request or of its answer, which is being answered for as long as there is one of them.
pub(crate) struct Passing<B> {
    body: B,
    _answering: Arc<Answering>,
}

impl<B> Passing<B> {
    pub(crate) fn new(body: B, answering: Arc<Answering>) -> Self {
        Self { body, _answering: answering }
    }
}

impl<B: HttpBody + Unpin> HttpBody for Passing<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
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
        if outcome.is_ready() {
            return outcome;
        }
        let is_over = match self.connection.head_until() {
            None => false,
            Some(Until::Now) => true,
            Some(Until::Then(ends)) => {
                let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep_until(ends.into())));
                if deadline.deadline() != ends.into() {
                    deadline.as_mut().reset(ends.into());
                }
                deadline.as_mut().poll(cx).is_ready()
            }
        };
        if is_over { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { outcome }
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
        let next = place.connection().answering();
        drop(answering);
        let mut waiting = pin!(connections.place());
        assert!(timeout(Duration::from_millis(300), waiting.as_mut()).await.is_err());
        drop(next);
        let leaving = async {
            place.connection().has_to_leave().await;
            drop(place);
        };
        tokio::join!(waiting, leaving);
        connections.closed().await;
    }
}
