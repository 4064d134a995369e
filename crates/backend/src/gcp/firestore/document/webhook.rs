use firestore::FirestoreTimestamp;
use headshot_core::{Webhook, WebhookDelivery, WebhookState};
use serde::{Deserialize, Serialize};

/// A record's webhook in Firestore's own types. `next_at` is left out where nothing is due, so that the query for what is
/// due passes over the millions of jobs that owe nobody any word.
#[derive(Serialize, Deserialize)]
pub(super) struct WebhookMap {
    url: String,
    state: WebhookState,
    message_for_support: String,
    attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_at: Option<FirestoreTimestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deliveries: Vec<DeliveryMap>,
}

#[derive(Serialize, Deserialize)]
struct DeliveryMap {
    at: FirestoreTimestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    outcome: String,
    milliseconds: u32,
}

impl From<Webhook> for WebhookMap {
    fn from(webhook: Webhook) -> Self {
        let deliveries = webhook.deliveries.into_iter().map(|delivery| {
            let WebhookDelivery { at, status, outcome, milliseconds } = delivery;
            DeliveryMap { at: FirestoreTimestamp(at), status, outcome, milliseconds }
        });
        Self {
            url: webhook.url,
            state: webhook.state,
            message_for_support: webhook.message_for_support,
            attempts: webhook.attempts,
            next_at: webhook.next_at.map(FirestoreTimestamp),
            deliveries: deliveries.collect(),
        }
    }
}

impl From<WebhookMap> for Webhook {
    fn from(map: WebhookMap) -> Self {
        let deliveries = map.deliveries.into_iter().map(|delivery| {
            let DeliveryMap { at, status, outcome, milliseconds } = delivery;
            WebhookDelivery { at: at.0, status, outcome, milliseconds }
        });
        Self {
            url: map.url,
            state: map.state,
            message_for_support: map.message_for_support,
            attempts: map.attempts,
            next_at: map.next_at.map(|at| at.0),
            deliveries: deliveries.collect(),
        }
    }
}
