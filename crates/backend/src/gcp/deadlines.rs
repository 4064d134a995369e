use std::time::Duration;

/// How long a call may take altogether, retries included. The API answers 503 within 10 s, and some of its
/// requests make two calls, each of which may use all of its time.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(4);

/// Retries stop before the deadline, so that the error that is reported is the last attempt's and not the
/// clock's.
pub(super) const RETRY_FOR: Duration = Duration::from_secs(3);

/// How long a call of a health check may take: less, so that its client hears that there was no answer.
pub(super) const LOOK_TIMEOUT: Duration = Duration::from_millis(2500);
