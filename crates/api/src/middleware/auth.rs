//! Who calls, and what they may do. One middleware finds out before anything of a request is read; handlers take what it
//! found as an `Extension<Caller>` and ask it for the scope that they need.

mod bearer;
pub(crate) mod caller;
pub(crate) mod error;
pub(crate) mod gate;

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use headshot_backend::api_keys::Grant;
use tracing::Span;

use caller::Caller;
use error::AuthError;
use gate::Refused;

use crate::error::problem::Problem;
use crate::middleware::admission::address::{ClientAddress, Peer, client_address};
use crate::middleware::admission::failures;
use crate::state::App;

/// The middleware of every address that is not for everybody.
pub(crate) async fn authenticate(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let nowhere = Peer(Ipv4Addr::UNSPECIFIED.into());
    let peer = request.extensions().get::<Peer>().copied().unwrap_or(nowhere);
    let address = client_address(request.headers(), peer, app.config.admission.trusted_proxies);
    let mut response = match admit(&app, request.headers(), &address).await {
        Ok(grant) => {
            let caller =
                grant.as_deref().map_or_else(|| Caller::anonymous(app.gate.anonymous()), Caller::holding);
            let span = Span::current();
            span.record("tenant", caller.tenant.as_str());
            if let Some(id) = &caller.key_id {
                span.record("key_id", id.as_str());
            }
            request.extensions_mut().insert(caller);
            request.extensions_mut().insert(address);
            if let Some(grant) = grant {
                request.extensions_mut().insert(grant);
            }
            next.run(request).await
        }
        Err(error) => Problem::from(error).into_response(),
    };
    // What one caller gets to see of a job is not what another one does.
    response.headers_mut().append(header::VARY, HeaderValue::from_static("authorization"));
    response
}

/// Whoever has sent too many wrong keys is not listened to for a while, not even with a right one: otherwise they could try
/// on until they have it.
async fn admit(
    app: &App,
    headers: &HeaderMap,
    address: &ClientAddress,
) -> Result<Option<Arc<Grant>>, AuthError> {
    let shown = app.gate.shown(headers).map_err(AuthError::NotAdmitted)?;
    if shown.is_something()
        && let Some(wait) = failures::locked_out(app, address).await
    {
        return Err(AuthError::LockedOut(wait));
    }
    match app.gate.admit(shown).await {
        Ok(grant) => Ok(grant),
        Err(wrong @ (Refused::InvalidKey | Refused::InvalidToken(_))) => {
            match failures::failed(app, address).await {
                Some(wait) => Err(AuthError::LockedOut(wait)),
                None => Err(AuthError::NotAdmitted(wrong)),
            }
        }
        Err(refused) => Err(AuthError::NotAdmitted(refused)),
    }
}
