//! Who may post to the worker: Pub/Sub, with a token that Google signed for the service account of the subscription.

use crate::gcp::auth::{IdTokens, TokenRefused};
use crate::settings::PushSettings;

/// Tells Pub/Sub's requests from everybody else's by their tokens.
pub struct PushGate {
    tokens: IdTokens,
    service_account: String,
}

impl PushGate {
    /// Nothing is fetched before the first request, or the first [`PushGate::check`].
    pub fn new(settings: &PushSettings) -> Self {
        Self {
            tokens: IdTokens::new(&settings.audience, &settings.keys_url),
            service_account: settings.service_account.clone(),
        }
    }

    /// Judges a request by its `Authorization` header.
    ///
    /// # Errors
    /// It is not from Pub/Sub, or that cannot be told.
    pub async fn admit(&self, authorization: Option<&str>) -> Result<(), TokenRefused> {
        let email = self.tokens.email(bearer(authorization).map_err(TokenRefused::Token)?).await?;
        if email == self.service_account {
            Ok(())
        } else {
            Err(TokenRefused::Token("it does not speak for PUSH_SERVICE_ACCOUNT"))
        }
    }

    /// Whether the keys are at hand; fetches them if need be, within three seconds.
    ///
    /// # Errors
    /// Why they are not.
    pub async fn check(&self) -> Result<(), String> {
        self.tokens.check().await
    }
}

fn bearer(authorization: Option<&str>) -> Result<&str, &'static str> {
    let (scheme, token) =
        authorization.ok_or("there is none")?.split_once(' ').ok_or("it is not a bearer token")?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err("it is not a bearer token") }
}
