//! Why an idempotency key does not make a job.

use axum::http::StatusCode;

use crate::error::problem::Problem;
use crate::limits::MAX_KEY_BYTES;

/// What is wrong with an `Idempotency-Key`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyError {
    /// The header is no key.
    Invalid,
    /// Another request with the key is under way.
    InUse,
    /// The key was used for another request.
    Reused,
    /// The job that the key made was erased.
    Erased,
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        use StatusCode as S;
        match error {
            KeyError::Invalid => Self::new(
                S::BAD_REQUEST,
                "invalid_idempotency_key",
                format!(
                    "An Idempotency-Key is one string of 1 to {MAX_KEY_BYTES} printable ASCII characters, in double \
                     quotes or, without spaces, quotes, backslashes, commas and semicolons, as it is. A new UUID for \
                     each order is a good one."
                ),
            ),
            KeyError::InUse => Self::new(
                S::CONFLICT,
                "idempotency_key_in_use",
                "Another request with this Idempotency-Key is still under way. Ask again in a moment to get its answer.",
            )
            .retry_after(2),
            KeyError::Reused => Self::new(
                S::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "This Idempotency-Key was used for another photo or other fields. Use a new key for a new request.",
            ),
            KeyError::Erased => Self::new(
                S::CONFLICT,
                "idempotency_key_erased",
                "The headshot that this Idempotency-Key made was erased. Use a new key for a new one.",
            ),
        }
    }
}
