//! Deadlines and second attempts of calls to Cloud Storage.

use std::time::Duration;

use google_cloud_gax::retry_policy::{RetryPolicy, RetryPolicyExt};
use google_cloud_storage::retry_policy::RetryableErrors;
use tokio::time::timeout;

use crate::error::{Context, Result};
use crate::gcp::deadlines::RETRY_FOR;

/// What is worth another attempt, and for how long.
pub(super) fn retries() -> impl RetryPolicy {
    RetryableErrors.with_time_limit(RETRY_FOR)
}

/// The deadline of a call. The clients have none of their own for a server that is there and says nothing.
pub(super) async fn within<T>(deadline: Duration, call: impl Future<Output = T>) -> Result<T> {
    let answer = timeout(deadline, call).await;
    answer.with_context(|| format!("Cloud Storage did not answer within {} s", deadline.as_secs()))
}
