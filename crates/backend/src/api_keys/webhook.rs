use headshot_core::WebhookUrl;

use super::secret::WebhookSecret;

/// How one tenant is told of its jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantWebhook {
    /// Where, unless a request names another place; `None`: only where a request does. Whether webhooks may go there is
    /// judged when one is sent.
    pub url: Option<WebhookUrl>,
    /// One secret, or two while the tenant moves from one to the other. Every message is signed with each.
    pub secrets: Vec<WebhookSecret>,
}
