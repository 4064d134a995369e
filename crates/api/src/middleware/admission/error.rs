//! Why a call is not taken now.

use std::time::Duration;

use axum::http::StatusCode;

use crate::error::problem::Problem;

/// Why a call is not taken now.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AdmissionError {
    /// They have called more often than they may; there is room again after so long.
    Limited(Limit, Duration),
    /// As many photos as the workers can get through wait already; the estimate is of when there will be
    /// fewer.
    Backlog(Duration),
}

/// Which limit a call has run into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// That of its address.
    Address,
    /// That of its key.
    Key,
    /// The key's quota.
    Month,
}

impl Limit {
    /// The name in headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Key => "key",
            Self::Month => "month",
        }
    }
}

impl From<AdmissionError> for Problem {
    fn from(error: AdmissionError) -> Self {
        use StatusCode as S;
        match error {
            AdmissionError::Limited(limit, wait) => limited(limit, wait),
            AdmissionError::Backlog(wait) => Problem::new(
                S::SERVICE_UNAVAILABLE,
                "backlog",
                "More photos are waiting than we can get through in good time, and yours was not taken. Please send it \
                 again later.",
            )
            .retry_in(wait),
        }
    }
}

fn limited(limit: Limit, wait: Duration) -> Problem {
    let (code, sentence) = match limit {
        Limit::Address => (
            "rate_limited",
            "More calls came from your address than are taken in a minute. Please try again later.",
        ),
        Limit::Key => (
            "rate_limited",
            "More calls came with your key than it allows in a minute. Please try again later.",
        ),
        Limit::Month => (
            "quota_exceeded",
            "Your key has used up the photos that it allows in a calendar month. The next month begins in UTC.",
        ),
    };
    Problem::new(StatusCode::TOO_MANY_REQUESTS, code, sentence).retry_in(wait)
}
