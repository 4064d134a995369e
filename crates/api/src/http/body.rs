//! A request body that cannot take for ever, and the multipart reader's view of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::StatusCode;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::problem::Problem;
use crate::limits::FORM_STALL;

/// Why a body stopped short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// More bytes came than the caller allowed.
    TooLarge,
    /// Nothing came for too long.
    Idle,
    /// All of it took too long.
    TooSlow,
    /// Many bytes went into the multipart reader and nothing came out.
    Stalled,
    /// The connection broke, or the transfer coding did.
    Interrupted,
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for BodyError {}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "upload_too_large",
                "The request is larger than we take.",
            ),
            BodyError::Idle | BodyError::TooSlow => Self {
                retryable: true,
                ..Self::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "upload_timeout",
                    "The photo arrived too slowly and was given up. Please try again on a better connection.",
                )
            },
            BodyError::Stalled => Self::bad_request(
                "malformed_multipart",
                "The form could not be read: its boundary is missing or wrong, or its end never came.",
            ),
            BodyError::Interrupted => Self {
                retryable: true,
                ..Self::bad_request(
                    "upload_interrupted",
                    "The connection broke before the whole photo had arrived.",
                )
            },
        }
    }
}

/// How long a body may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Between two chunks.
    pub(crate) idle: Duration,
    /// Altogether.
    pub(crate) total: Duration,
}

/// The chunks of one request body, each within the time and size allowed.
pub(crate) struct UploadBody {
    stream: Option<BodyDataStream>,
    patience: Patience,
    deadline: Instant,
    left: u64,
}

impl UploadBody {
    /// Reads `body` up to `limit` bytes.
    pub(crate) fn new(body: Body, limit: u64, patience: Patience) -> Self {
        let stream = Some(body.into_data_stream());
        Self { stream, patience, deadline: Instant::now() + patience.total, left: limit }
    }

    /// The next chunk, or `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        let idle = timeout(self.patience.idle, stream.next());
        let chunk = match timeout_at(self.deadline, idle).await {
            Err(_) => return Err(BodyError::TooSlow),
            Ok(Err(_)) => return Err(BodyError::Idle),
            Ok(Ok(chunk)) => chunk,
        };
        match chunk {
            Some(Ok(chunk)) => match self.left.checked_sub(chunk.len() as u64) {
                Some(left) => {
                    self.left = left;
                    Ok(Some(chunk))
                }
                None => Err(BodyError::TooLarge),
            },
            Some(Err(_)) => {
                self.stream = None;
                Err(BodyError::Interrupted)
            }
            None => {
                self.stream = None;
                Ok(None)
            }
        }
    }

    /// The body as the multipart reader wants it, and the gauge that its owner must reset whenever something comes out.
    ///
    /// The reader takes everything that is ready before it hands anything on, and keeps looking for a part's end of
    /// headers however far away that is; left alone, a fast or a malicious client would have it hold the whole body.
    /// So each chunk is followed by a pause in which it must hand on what it has, and the gauge ends a body
    /// of which too much went in with nothing coming out.
    pub(crate) fn into_paced_stream(self) -> (impl Stream<Item = Result<Bytes, BodyError>> + Send, Gauge) {
        let gauge = Gauge::default();
        let paced = stream::unfold((self, gauge.clone(), false), |(mut body, gauge, started)| async move {
            if started {
                tokio::task::yield_now().await;
            }
            let chunk = match body.next().await.transpose()? {
                Ok(chunk) if gauge.add(chunk.len()) > FORM_STALL => Err(BodyError::Stalled),
                chunk => chunk,
            };
            Some((chunk, (body, gauge, true)))
        });
        (paced, gauge)
    }
}

/// Bytes that went into the multipart reader since something last came out.
#[derive(Clone, Default)]
pub(crate) struct Gauge(Arc<AtomicU64>);

impl Gauge {
    fn add(&self, bytes: usize) -> u64 {
        let bytes = bytes as u64;
        self.0.fetch_add(bytes, Ordering::Relaxed) + bytes
    }

    /// Something came out.
    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience =
        Patience { idle: Duration::from_millis(200), total: Duration::from_millis(600) };

    fn dripping(pause: Duration) -> Body {
        let drops = stream::unfold((), move |()| async move {
            tokio::time::sleep(pause).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ()))
        });
        Body::from_stream(drops)
    }

    async fn end_of(mut body: UploadBody) -> BodyError {
        loop {
            match body.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the body came to an end"),
                Err(error) => return error,
            }
        }
    }

    #[tokio::test]
    async fn a_body_may_neither_pause_nor_drip_nor_grow_without_end() {
        let silent = UploadBody::new(dripping(Duration::from_secs(60)), 100, PATIENCE);
        assert_eq!(end_of(silent).await, BodyError::Idle);
        let slow = UploadBody::new(dripping(Duration::from_millis(50)), 1000, PATIENCE);
        assert_eq!(end_of(slow).await, BodyError::TooSlow);
        let long = UploadBody::new(dripping(Duration::from_millis(1)), 5, PATIENCE);
        assert_eq!(end_of(long).await, BodyError::TooLarge);
    }
}
