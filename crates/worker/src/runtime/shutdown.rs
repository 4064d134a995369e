//! The way out: signals, the grace period, and what is given back at its end.

use std::time::Duration;

use anyhow::Context;
use headshot_backend::signals;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{info, warn};

/// How far the process is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Pulling and rendering.
    Running,
    /// No new jobs; those at hand may finish.
    Draining,
    /// The grace period is over: what is still held goes back to the queue.
    GivingBack,
}

/// Where the process stands, to be asked and waited for.
#[derive(Clone, Debug)]
pub struct Phases(watch::Receiver<Phase>);

/// Resolves at the first SIGTERM or SIGINT, and says so.
///
/// # Errors
/// When the handlers cannot be installed; that is found out now, not when the signal comes.
pub fn signalled() -> anyhow::Result<impl Future<Output = ()>> {
    let signal = signals::asked_to_stop().context("watching for SIGTERM and SIGINT")?;
    Ok(async {
        // Not within the macro: a line that is not wanted is not waited for either.
        let signal = signal.await;
        info!("{signal}: no more jobs are taken");
    })
}

impl Phases {
    /// Moves from phase to phase: draining once `asked` resolves, giving back when `grace` has passed since.
    pub fn start(asked: impl Future<Output = ()> + Send + 'static, grace: Duration) -> Self {
        let (sender, receiver) = watch::channel(Phase::Running);
        tokio::spawn(async move {
            asked.await;
            sender.send_replace(Phase::Draining);
            tokio::select! {
                () = sleep(grace) => {
                    warn!("the grace period is over; what is still running goes back to the queue");
                    sender.send_replace(Phase::GivingBack);
                }
                // Everybody has finished.
                () = sender.closed() => {}
            }
        });
        Self(receiver)
    }

    /// Where the process stands now.
    pub fn now(&self) -> Phase {
        *self.0.borrow()
    }

    /// Waits until the process has come that far.
    pub async fn reached(&self, phase: Phase) {
        let mut receiver = self.0.clone();
        // The sender only goes away when it has said everything it had to say.
        if receiver.wait_for(|now| *now >= phase).await.is_err() && *self.0.borrow() < phase {
            std::future::pending::<()>().await;
        }
    }
}
