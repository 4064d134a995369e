use std::time::Duration;

use firestore::errors::{FirestoreDatabaseError, FirestoreError, FirestoreErrorPublicGenericDetails as Code};
use tokio::time::{Instant, sleep, timeout_at};

use crate::gcp::deadlines::CALL_TIMEOUT;
use crate::jitter::jitter;

/// The time and the tries that one call has.
pub(super) struct Patience {
    until: Instant,
    time: Duration,
    wait: Duration,
}

const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(640);

impl Patience {
    pub(super) fn new() -> Self {
        Self::of(CALL_TIMEOUT)
    }

    /// For a call that has another time.
    pub(super) fn of(time: Duration) -> Self {
        Self { until: Instant::now() + time, time, wait: FIRST_WAIT }
    }

    /// Runs one request within the time that is left.
    pub(super) async fn limit<T>(
        &self,
        request: impl Future<Output = Result<T, FirestoreError>>,
    ) -> Result<T, FirestoreError> {
        match timeout_at(self.until, request).await {
            Ok(answer) => answer,
            Err(_) => Err(FirestoreError::DatabaseError(FirestoreDatabaseError::new(
                Code::new("DeadlineExceeded".into()),
                format!("no answer within {} s", self.time.as_secs()),
                true,
            ))),
        }
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// The given error, if another try cannot help or if the time is up.
    pub(super) async fn after(&mut self, error: FirestoreError) -> Result<(), FirestoreError> {
        if !is_conflict(&error) && !is_passing(&error) {
            return Err(error);
        }
        self.after_conflict(error).await
    }

    /// The same after an error of which the caller knows that another try helps.
    pub(super) async fn after_conflict(&mut self, error: FirestoreError) -> Result<(), FirestoreError> {
        // Several workers that ran into each other must not do so again at once.
        let wait = self.wait.mul_f64(0.5 + jitter());
        if Instant::now() + wait >= self.until {
            return Err(error);
        }
        sleep(wait).await;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        Ok(())
    }
}

/// Somebody else has written the document between our reading and our writing: nothing of ours was written.
pub(super) fn is_conflict(error: &FirestoreError) -> bool {
    matches!(error, FirestoreError::DatabaseError(error) if error.public.code == "FailedPrecondition")
}

/// Too many want the same document at a time: nothing of ours was written.
pub(super) fn is_contended(error: &FirestoreError) -> bool {
    matches!(error, FirestoreError::DatabaseError(error)
        if matches!(error.public.code.as_str(), "Aborted" | "ResourceExhausted"))
}

/// There was no answer, or none that is Firestore's own.
pub(super) fn is_unanswered(error: &FirestoreError) -> bool {
    match error {
        FirestoreError::DatabaseError(error) => {
            matches!(error.public.code.as_str(), "Unavailable" | "DeadlineExceeded" | "Cancelled" | "Unknown")
        }
        FirestoreError::NetworkError(_) => true,
        _ => false,
    }
}

/// Another try may help.
pub(super) fn is_passing(error: &FirestoreError) -> bool {
    match error {
        FirestoreError::DatabaseError(error) => {
            error.retry_possible
                || matches!(error.public.code.as_str(), "DeadlineExceeded" | "Internal" | "Unknown")
        }
        FirestoreError::NetworkError(_) => true,
        _ => false,
    }
}
