//! An upload that streams: chunks go through a short channel into one HTTP request, and nothing is kept.
//!
//! What has been sent cannot be sent again, so an upload that breaks off is not repeated here: its caller hears of it and
//! repeats all of it. Only while nothing has left yet, as when no connection could be made, are there further attempts.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use google_cloud_gax::error::Error;
use google_cloud_gax::retry_policy::RetryPolicy;
use google_cloud_gax::retry_result::RetryResult;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_storage::builder::storage::WriteObject;
use google_cloud_storage::streaming_source::{Seek, SizeHint, StreamingSource};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::calls::{retries, within};
use crate::error::{Context, Result, bail};
use crate::gcp::deadlines::CALL_TIMEOUT;

/// Chunks on their way from the customer's connection to Google's. More would only be memory.
const CHUNKS: usize = 2;

/// An upload under way. Dropped, it breaks the request off, and Cloud Storage forgets it.
pub(crate) struct GcpBlobWriter {
    chunks: mpsc::Sender<Chunk>,
    request: Request,
}

/// The request, which ends with this value.
struct Request {
    task: JoinHandle<Result<()>>,
}

enum Chunk {
    Bytes(Bytes),
    /// The blob is whole. A channel that just closes means that it is not.
    End,
}

/// The receiving end of the channel, as the client reads it.
pub(super) struct Chunks {
    chunks: mpsc::Receiver<Chunk>,
    begun: Arc<AtomicBool>,
}

impl GcpBlobWriter {
    /// Starts the request that `write` makes of a source.
    pub(super) fn start(write: impl FnOnce(Chunks) -> WriteObject<Chunks>) -> Self {
        let (sender, receiver) = mpsc::channel(CHUNKS);
        let begun = Arc::new(AtomicBool::new(false));
        let write = write(Chunks { chunks: receiver, begun: begun.clone() })
            .with_retry_policy(UntilBegun { begun, policy: Arc::new(retries()) });
        let task = tokio::spawn(async move {
            match write.send_unbuffered().await {
                Ok(_) => Ok(()),
                Err(error) => Err(error).context("writing an object"),
            }
        });
        Self { chunks: sender, request: Request { task } }
    }

    pub(crate) fn write(&mut self, chunk: Bytes) -> BoxFuture<'_, Result<()>> {
        async move {
            if chunk.is_empty() {
                return Ok(());
            }
            self.send(Chunk::Bytes(chunk)).await
        }
        .boxed()
    }

    pub(crate) fn commit(mut self) -> BoxFuture<'static, Result<()>> {
        async move {
            self.send(Chunk::End).await?;
            within(CALL_TIMEOUT, self.request.ended()).await?
        }
        .boxed()
    }

    async fn send(&mut self, chunk: Chunk) -> Result<()> {
        let sent = tokio::select! {
            sent = timeout(CALL_TIMEOUT, self.chunks.send(chunk)) => sent,
            ended = self.request.ended() => {
                ended?;
                bail!(Unavailable, "Cloud Storage had enough before the blob was whole");
            }
        };
        match sent {
            Ok(Ok(())) => Ok(()),
            // The request has let the source go, so it is about to end and to say why.
            Ok(Err(_)) => {
                within(Duration::from_secs(1), self.request.ended()).await??;
                bail!(Unavailable, "the upload ended before the blob was whole")
            }
            Err(_) => bail!(Unavailable, "Cloud Storage took no more bytes for {} s", CALL_TIMEOUT.as_secs()),
        }
    }
}

impl Request {
    async fn ended(&mut self) -> Result<()> {
        (&mut self.task).await.context("the upload broke off")?
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl StreamingSource for Chunks {
    type Error = io::Error;

    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        let chunk = self.chunks.recv().await;
        self.begun.store(true, Ordering::Relaxed);
        match chunk {
            Some(Chunk::Bytes(bytes)) => Some(Ok(bytes)),
            Some(Chunk::End) => None,
            // An error closes the connection in the middle of the request, which then is none.
            None => Some(Err(io::Error::other("the upload was given up"))),
        }
    }

    /// Of unknown length, but short enough for one request: the client would take an unlimited one for resumable.
    async fn size_hint(&self) -> io::Result<SizeHint> {
        let mut hint = SizeHint::new();
        hint.set_upper(u64::MAX / 2);
        Ok(hint)
    }
}

impl Seek for Chunks {
    type Error = io::Error;

    async fn seek(&mut self, offset: u64) -> io::Result<()> {
        if offset == 0 && !self.begun.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(io::Error::other("what was sent cannot be sent again"))
        }
    }
}

/// Another policy, until the first byte has been taken.
#[derive(Debug)]
struct UntilBegun {
    begun: Arc<AtomicBool>,
    policy: Arc<dyn RetryPolicy>,
}

impl RetryPolicy for UntilBegun {
    fn on_error(&self, state: &RetryState, error: Error) -> RetryResult {
        if self.begun.load(Ordering::Relaxed) {
            return RetryResult::Permanent(error);
        }
        self.policy.on_error(state, error)
    }

    fn remaining_time(&self, state: &RetryState) -> Option<Duration> {
        self.policy.remaining_time(state)
    }
}
