use axum::http::StatusCode;
use headshot_backend::{MalformedPush, TokenRefused};
use tracing::{info, warn};

use crate::runtime::outcome::PushRefusal;

/// Why a push was refused before its task was looked at. Pub/Sub brings it again, whichever the reason.
#[derive(Debug)]
pub enum Refused {
    /// It is not from Pub/Sub, or that cannot be told.
    NotAdmitted(TokenRefused),
    /// Its body is too large.
    TooLarge,
    /// Its body does not arrive.
    TooSlow,
    /// Its body is not what Pub/Sub posts.
    Malformed(MalformedPush),
    /// No worker slot is free.
    Busy,
    /// The worker stops.
    Stopping,
}

impl Refused {
    /// The reason in metrics.
    pub fn reason(&self) -> PushRefusal {
        match self {
            Self::NotAdmitted(TokenRefused::Token(_)) => PushRefusal::BadToken,
            Self::NotAdmitted(TokenRefused::Keys(_)) => PushRefusal::KeysUnavailable,
            Self::TooLarge => PushRefusal::TooLarge,
            Self::TooSlow => PushRefusal::TooSlow,
            Self::Malformed(_) => PushRefusal::Malformed,
            Self::Busy => PushRefusal::Busy,
            Self::Stopping => PushRefusal::Stopping,
        }
    }

    /// What the sender is told.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotAdmitted(TokenRefused::Token(_)) => StatusCode::UNAUTHORIZED,
            Self::NotAdmitted(TokenRefused::Keys(_)) | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// One line for whoever looks for the reason; nothing of the request is in it.
    pub fn log(&self) {
        match self {
            Self::NotAdmitted(refused) => warn!(reason = %refused, "a push is refused"),
            Self::TooLarge => warn!("a push is refused: its body is larger than any task"),
            Self::TooSlow => warn!("a push is refused: its body did not arrive in time"),
            Self::Malformed(MalformedPush(reason)) => warn!(reason, "a push is refused: it is malformed"),
            Self::Busy => info!("a push has to come again: every hand is busy"),
            Self::Stopping => info!("a push has to come again: this worker stops"),
        }
    }
}
