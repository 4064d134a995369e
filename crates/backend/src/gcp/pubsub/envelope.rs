use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;

/// The longest id that is believed to be one of Pub/Sub's, which have some twenty digits.
const LONGEST_ID: usize = 100;

/// What Pub/Sub posts to an endpoint: one message, and how often it has been delivered.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(super) message_id: String,
    pub(super) data: Bytes,
    pub(super) attributes: HashMap<String, String>,
    pub(super) delivery_attempt: Option<u32>,
}

/// Pub/Sub writes more fields than these, some of them twice in different spellings, and adds to them over the years.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    message: PostedMessage,
    delivery_attempt: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostedMessage {
    message_id: String,
    /// A message may consist of attributes alone.
    #[serde(default)]
    data: String,
    #[serde(default)]
    attributes: HashMap<String, String>,
}

impl Envelope {
    /// What is wrong is said without what was sent: the text ends up in a log.
    pub(crate) fn from_json(body: &[u8]) -> Result<Self, &'static str> {
        let posted: Posted = serde_json::from_slice(body).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => "the JSON is not the envelope of a Pub/Sub message",
            _ => "the body is not JSON",
        })?;
        let PostedMessage { message_id, data, attributes } = posted.message;
        let printable = |c: char| c.is_ascii_graphic();
        if message_id.is_empty() || message_id.len() > LONGEST_ID || !message_id.chars().all(printable) {
            return Err("the message's id is none of Pub/Sub's");
        }
        let data = STANDARD.decode(data).map_err(|_| "the message's data is not base64")?.into();
        let delivery_attempt = posted.delivery_attempt.map(|attempt| attempt.max(1));
        Ok(Self { message_id, data, attributes, delivery_attempt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_as_pubsub_writes_it_is_understood() {
        let body = br#"{
            "message": {
                "attributes": {"v": "1", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
                "data": "eyJ2IjoxfQ==",
                "messageId": "2070443601311540",
                "message_id": "2070443601311540",
                "publishTime": "2026-02-26T19:13:55.749Z",
                "publish_time": "2026-02-26T19:13:55.749Z"
            },
            "subscription": "projects/shop/subscriptions/headshot-push",
            "deliveryAttempt": 5
        }"#;
        let envelope = Envelope::from_json(body).unwrap();
        assert_eq!(
            (envelope.message_id.as_str(), &envelope.data[..]),
            ("2070443601311540", &br#"{"v":1}"#[..])
        );
        assert_eq!((envelope.attributes["v"].as_str(), envelope.delivery_attempt), ("1", Some(5)));
        let bare = Envelope::from_json(br#"{"message": {"messageId": "1"}}"#).unwrap();
        assert_eq!((bare.data.len(), bare.attributes.len(), bare.delivery_attempt), (0, 0, None));
    }

    #[test]
    fn what_is_none_is_refused_without_being_repeated() {
        for body in [
            &b"hostile\x1b[31m"[..],
            b"",
            b"{\"message\": {\"messageId\": \"1\"",
            br#"{"message": {"data": "aG9zdGlsZQ=="}}"#,
            br#"{"message": {"messageId": 1}}"#,
            br#"{"message": {"messageId": "hostile\u001b[31m"}}"#,
            br#"{"message": {"messageId": "1", "data": "hostile!"}}"#,
            br#"{"message": {"messageId": "1", "attributes": {"hostile": 1}}}"#,
            br#"{"message": {"messageId": "1"}, "deliveryAttempt": -1}"#,
            br#"[{"message": {"messageId": "1"}}]"#,
        ] {
            let problem = Envelope::from_json(body).unwrap_err();
            assert!(!problem.contains("hostile"), "{problem}");
        }
    }
}
