//! Why a caller is not let in.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use headshot_backend::api_keys::Scope;

use crate::error::problem::Problem;
use crate::middleware::auth::gate::Refused;

/// Why a caller may not do what they ask for.
#[derive(Debug)]
pub(crate) enum AuthError {
    /// They have not shown who they are.
    NotAdmitted(Refused),
    /// They may not do this; the scope is what they lack.
    Forbidden(Scope),
    /// Too many wrong keys came from their address. They may try again after so long.
    LockedOut(Duration),
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        use StatusCode as S;
        match error {
            AuthError::NotAdmitted(reason) => not_admitted(&reason),
            AuthError::Forbidden(scope) => Problem {
                challenge: Some(format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"").into()),
                ..Problem::new(
                    S::FORBIDDEN,
                    "missing_scope",
                    format!("Your key is valid, but it lacks the scope {scope}, which this call needs."),
                )
            },
            AuthError::LockedOut(wait) => Problem::new(
                S::TOO_MANY_REQUESTS,
                "too_many_failures",
                "Too many wrong keys came from your address. Please check your key, and try again later.",
            )
            .retry_in(wait),
        }
    }
}

/// Error codes as RFC 6750 has them; to a request without credentials it says none.
fn not_admitted(reason: &Refused) -> Problem {
    if let Refused::TokensUnavailable(why) = reason {
        let sentence = "Your token cannot be verified just now. Please try again.";
        return Problem::unavailable("tokens_unavailable", sentence, anyhow::anyhow!("{why}"));
    }
    let (status, code, challenge, sentence) = match reason {
        Refused::NoCredentials => (
            StatusCode::UNAUTHORIZED,
            "key_required",
            "Bearer",
            "This call needs a key. Send it in a header: Authorization: Bearer, a space, and the key.",
        ),
        Refused::Malformed => (
            StatusCode::BAD_REQUEST,
            "malformed_authorization",
            "Bearer error=\"invalid_request\"",
            "The Authorization header could not be understood. Send one: Bearer, a space, and the key.",
        ),
        Refused::InvalidKey => (
            StatusCode::UNAUTHORIZED,
            "invalid_key",
            "Bearer error=\"invalid_token\"",
            "This key is not valid: it is mistyped, unknown or revoked.",
        ),
        Refused::InvalidToken(_) | Refused::TokensUnavailable(_) => (
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "Bearer error=\"invalid_token\"",
            "This token is not accepted: it must be a fresh ID token of Google's, for our audience, of a service account \
             that we know.",
        ),
    };
    // What exactly was wrong is said in the log only, and not to a client that tries tokens.
    let cause = match reason {
        Refused::InvalidToken(why) => Some(Arc::new(anyhow::anyhow!("the token is not accepted: {why}"))),
        _ => None,
    };
    Problem { challenge: Some(challenge.into()), cause, ..Problem::new(status, code, sentence) }
}
