use tokio::task::spawn_blocking;

use crate::error::{Context, Result};

/// Runs `work` where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    spawn_blocking(work).await.context("a storage operation broke off")?
}
