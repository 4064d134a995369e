//! Who is told when a job has ended.

use headshot_core::{InvalidWebhookUrl, Reach, Tenant, Webhook, WebhookUrl};

use crate::error::problem::Problem;
use crate::jobs::submit::error::SubmitError;
use crate::state::App;

/// The webhook of a new job of `tenant`: to where the request asks for, else to where the tenant always has it sent, else
/// none. Without a secret to sign it with there is no webhook.
pub(crate) async fn of_job(
    app: &App,
    tenant: &Tenant,
    asked_for: Option<&str>,
) -> Result<Option<Webhook>, Problem> {
    let keys = app.gate.keys().await;
    let configured = keys.as_ref().and_then(|keys| keys.webhook(tenant));
    let asked_for = asked_for.map(|url| WebhookUrl::parse(url, app.config.webhook_reach)).transpose();
    let url = match asked_for.map_err(SubmitError::InvalidWebhookUrl)? {
        Some(_) if configured.is_none() => return Err(SubmitError::NoWebhookSecret.into()),
        Some(url) => Some(url),
        None => configured.and_then(|configured| configured.url.clone()),
    };
    Ok(url.map(|url| Webhook::new(&url)))
}

/// The one form of a URL, before it is known how far webhooks may go.
pub(crate) fn well_formed(text: &str) -> Result<String, InvalidWebhookUrl> {
    WebhookUrl::parse(text, Reach::Anywhere).map(|url| url.as_str().to_owned())
}
