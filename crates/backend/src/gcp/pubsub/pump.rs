//! Pulls tasks from Pub/Sub for one subscription until nobody listens any more.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use google_cloud_pubsub::client::Subscriber;
use google_cloud_pubsub::subscriber::{MessageStream, ShutdownBehavior};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use super::delivery::GcpDelivery;
use super::queue::GcpQueue;
use crate::error::{BackendError, Context, Result};

/// Pub/Sub's client extends the lease of whatever is held. It stops after this long: no render takes so long, and the
/// worker gives up far sooner.
const MAX_LEASE: Duration = Duration::from_secs(60 * 60);

/// After so much silence the service is asked whether it is there, and every so often from then on. The client itself
/// says nothing while it tries to reconnect.
const SILENCE: Duration = Duration::from_secs(15);

/// The same while it is away.
const OUTAGE_PERIOD: Duration = Duration::from_secs(2);

/// After so long a silence the stream is opened anew, over a new connection. One that died unnoticed, in a firewall, say,
/// looks just like an empty queue.
const LONG_SILENCE: Duration = Duration::from_secs(30);

/// A worker that has a free hand and does not ask for a task for so long is not going to. Pub/Sub sends to every open
/// stream; what it sent to this one would lie there, away from those who do ask.
const UNWANTED: Duration = Duration::from_millis(200);

/// Why a stream is given up for another one.
enum Ended {
    /// Nobody waits for deliveries any more.
    NobodyListens,
    /// Something has to be told, and a moment waited.
    Failed(BackendError),
    /// Nothing has come for so long that the connection may be dead.
    Silent,
    /// Nobody asks for tasks just now.
    Unwanted,
}

pub(super) async fn run(
    queue: GcpQueue,
    permits: Arc<Semaphore>,
    mut wanted: watch::Receiver<bool>,
    max_outstanding: usize,
    sender: mpsc::Sender<Result<GcpDelivery>>,
) {
    let mut subscriber = None;
    loop {
        if wanted.wait_for(|wanted| *wanted).await.is_err() {
            return;
        }
        let mut stream = match open(&queue, &mut subscriber, max_outstanding).await {
            Ok(stream) => stream,
            Err(error) => {
                let _ = sender.send(Err(error)).await;
                return;
            }
        };
        let answers = stream.shutdown_token();
        let ended = drain(&queue, &permits, &mut wanted, &mut stream, &sender).await;
        drop(stream);
        // Deliveries that came by the old stream are answered through it.
        match ended {
            Ended::NobodyListens => return answers.shutdown().await,
            Ended::Unwanted => queue.spawn(async move { answers.shutdown().await }),
            Ended::Silent => {
                subscriber = None;
                queue.spawn(async move { answers.shutdown().await });
            }
            Ended::Failed(error) => {
                subscriber = None;
                queue.spawn(async move { answers.shutdown().await });
                report(&sender, error);
                tokio::select! {
                    () = sender.closed() => return,
                    () = sleep(OUTAGE_PERIOD) => {}
                }
            }
        }
    }
}

/// A stream over the connection of `subscriber`, or over a new one if that was given up.
async fn open(
    queue: &GcpQueue,
    subscriber: &mut Option<Subscriber>,
    max_outstanding: usize,
) -> Result<MessageStream> {
    let max_outstanding = i64::try_from(max_outstanding).context("too many deliveries at a time")?;
    let subscriber = match subscriber {
        Some(subscriber) => subscriber,
        none => none.insert(queue.shared.maker.subscriber().await?),
    };
    let subscribe = subscriber.subscribe(queue.subscription()?);
    Ok(subscribe
        .set_max_outstanding_messages(max_outstanding)
        .set_max_lease_extension(queue.shared.lease)
        .set_max_lease(MAX_LEASE)
        .set_shutdown_behavior(ShutdownBehavior::WaitForProcessing)
        .build())
}

/// Passes deliveries on, each with a permit, so that no more are alive than were asked for whatever the service sends.
async fn drain(
    queue: &GcpQueue,
    permits: &Arc<Semaphore>,
    wanted: &mut watch::Receiver<bool>,
    stream: &mut MessageStream,
    sender: &mpsc::Sender<Result<GcpDelivery>>,
) -> Ended {
    loop {
        let permit = tokio::select! {
            () = sender.closed() => return Ended::NobodyListens,
            permit = permits.clone().acquire_owned() => match permit {
                Ok(permit) => permit,
                Err(closed) => return Ended::Failed(closed.into()),
            },
        };
        match next(queue, wanted, stream, permit, sender).await {
            Ok(delivery) => {
                // Dropped, the delivery goes back at once, to somebody who asks.
                if timeout(UNWANTED, wanted.wait_for(|wanted| *wanted)).await.is_err() {
                    return Ended::Unwanted;
                }
                if sender.send(Ok(delivery)).await.is_err() {
                    return Ended::NobodyListens;
                }
            }
            Err(ended) => return ended,
        }
    }
}

/// Waits for the next delivery, and meanwhile looks after the service's health.
async fn next(
    queue: &GcpQueue,
    wanted: &mut watch::Receiver<bool>,
    stream: &mut MessageStream,
    permit: OwnedSemaphorePermit,
    sender: &mpsc::Sender<Result<GcpDelivery>>,
) -> Result<GcpDelivery, Ended> {
    let since = Instant::now();
    let mut away = false;
    // To drop this half-way would close the stream while it is being opened.
    let mut message = pin!(stream.next());
    let mut unwanted = pin!(unwanted(wanted));
    loop {
        let period = if away { OUTAGE_PERIOD } else { SILENCE };
        tokio::select! {
            biased;
            () = sender.closed() => return Err(Ended::NobodyListens),
            message = &mut message => return match message {
                Some(Ok((message, handler))) => Ok(GcpDelivery::new(queue.clone(), message, handler, permit)),
                Some(Err(error)) => Err(Ended::Failed(BackendError::from(error).context("cannot pull tasks"))),
                None => Err(Ended::Failed(BackendError::Unavailable("Pub/Sub has closed the stream of tasks".into()))),
            },
            () = &mut unwanted => return Err(Ended::Unwanted),
            () = sleep(period) => {}
        }
        // Asked beside the stream: whatever arrives meanwhile is taken in the next round.
        match queue.check_subscription().await {
            // The client waits up to a minute before it tries to reconnect; a fresh one does so at once.
            Ok(()) if away || since.elapsed() > LONG_SILENCE => return Err(Ended::Silent),
            Ok(()) => {}
            Err(error) => {
                away = true;
                report(sender, error.context("cannot pull tasks"));
            }
        }
    }
}

/// Waits until nobody has asked for a while.
async fn unwanted(wanted: &mut watch::Receiver<bool>) {
    while wanted.wait_for(|wanted| !*wanted).await.is_ok() {
        if timeout(UNWANTED, wanted.wait_for(|wanted| *wanted)).await.is_err() {
            return;
        }
    }
}

/// Says what is wrong to whoever waits. Nobody needs to hear it twice, so a full channel loses nothing.
fn report(sender: &mpsc::Sender<Result<GcpDelivery>>, error: BackendError) {
    let _ = sender.try_send(Err(error));
}
