//! Who calls, and what they may do. One middleware finds out before anything of a request is read; handlers take what it
//! found as an `Extension<Caller>` and ask it for the scope that they need.

mod bearer;
mod gate;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use headshot_backend::tenants::{Grant, Scope, Scopes};
use headshot_core::Tenant;
use tracing::Span;

pub(crate) use gate::{Gate, Refused};

use crate::error::ApiError;
use crate::routes::App;

/// Whoever has sent a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Whose jobs they see and make.
    pub(crate) tenant: Tenant,
    /// The id of their key, or the address of their service account; `None` where none is asked for.
    pub(crate) key_id: Option<String>,
    /// What they may do.
    pub(crate) scopes: Scopes,
}

impl Caller {
    fn anonymous(scopes: Scopes) -> Self {
        Self { tenant: Tenant::anonymous(), key_id: None, scopes }
    }

    fn holding(grant: &Grant) -> Self {
        Self { tenant: grant.tenant.clone(), key_id: Some(grant.id.clone()), scopes: grant.scopes }
    }

    /// Fails unless they may do this.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), ApiError> {
        if self.scopes.has(scope) { Ok(()) } else { Err(ApiError::Forbidden(scope)) }
    }
}

/// The middleware of every address that is not for everybody.
pub(crate) async fn authenticate(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let mut response = match app.gate.admit(request.headers()).await {
        Ok(grant) => {
            let caller = match (&grant, app.gate.anonymous()) {
                (Some(grant), _) => Caller::holding(grant),
                (None, scopes) => Caller::anonymous(scopes),
            };
            let span = Span::current();
            span.record("tenant", caller.tenant.as_str());
            if let Some(id) = &caller.key_id {
                span.record("key_id", id.as_str());
            }
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refused) => ApiError::NotAdmitted(refused).into_response(),
    };
    // What one caller gets to see of a job is not what another one does.
    response.headers_mut().append(header::VARY, HeaderValue::from_static("authorization"));
    response
}
