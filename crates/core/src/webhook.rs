mod address;
mod url;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use address::is_public;
pub use url::{InvalidWebhookUrl, Reach, WebhookUrl};

use crate::JobId;

/// The word that the shop's own server gets when a job has ended, and how its delivery stands. Part of the job's record,
/// so that the end of the job and the duty to tell of it are one write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Where it goes, in the one form that the URL has.
    pub url: String,
    /// How the delivery stands. It never moves the job's own status.
    pub state: WebhookState,
    /// One sentence in plain English for support.
    pub message_for_support: String,
    /// How often it was sent, or meant to be, since the job ended or since support had it sent again.
    pub attempts: u32,
    /// When it is sent next, or until when a worker has the right to send it; `None` before the job has ended and once
    /// nothing more is sent.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub next_at: Option<Timestamp>,
    /// The last attempts, the oldest first.
    pub deliveries: Vec<WebhookDelivery>,
}

/// Whether the shop's server has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum WebhookState {
    /// Not yet.
    Pending,
    /// Yes: it answered with a status from 200 to 299.
    Delivered,
    /// No, and nothing more is tried.
    GivenUp,
    /// The endpoint asked to be left alone (410 Gone).
    Disabled,
}

/// One attempt to deliver a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookDelivery {
    /// When it began.
    pub at: Timestamp,
    /// The status that came back, if an answer came.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub status: Option<u16>,
    /// What happened, as a sentence in plain English. Nothing in it was chosen by the endpoint.
    pub outcome: String,
    /// How long it took, in milliseconds.
    pub milliseconds: u32,
}

impl Webhook {
    /// So many attempts are kept in the record.
    pub const DELIVERIES_KEPT: usize = 20;

    /// The webhook of a job that has just been accepted.
    pub fn new(url: &WebhookUrl) -> Self {
        Self {
            url: url.as_str().into(),
            state: WebhookState::Pending,
            message_for_support: "It is sent when the job ends.".into(),
            attempts: 0,
            next_at: None,
            deliveries: Vec::new(),
        }
    }

    /// The same now that the job has ended: it is due at once.
    #[must_use]
    pub fn due(self, now: Timestamp) -> Self {
        match self.state {
            WebhookState::Pending => Self {
                next_at: Some(now),
                message_for_support: "The job has ended; it is being sent.".into(),
                ..self
            },
            WebhookState::Delivered | WebhookState::GivenUp | WebhookState::Disabled => self,
        }
    }

    /// The same as if nothing had been sent since the job ended; the log stays. Support has it sent again.
    #[must_use]
    pub fn again(self, now: Timestamp) -> Self {
        let message_for_support = "Support has it sent again.".into();
        Self { state: WebhookState::Pending, message_for_support, attempts: 0, next_at: Some(now), ..self }
    }

    /// The same after one more attempt.
    #[must_use]
    pub fn attempted(mut self, delivery: WebhookDelivery) -> Self {
        self.deliveries.push(delivery);
        let surplus = self.deliveries.len().saturating_sub(Self::DELIVERIES_KEPT);
        self.deliveries.drain(..surplus);
        Self { attempts: self.attempts.saturating_add(1), ..self }
    }

    /// The same, to be sent at `at`.
    #[must_use]
    pub fn later(self, at: Timestamp, message_for_support: String) -> Self {
        Self { next_at: Some(at), message_for_support, ..self }
    }

    /// The same at its end: nothing more is sent.
    #[must_use]
    pub fn ended(self, state: WebhookState, message_for_support: String) -> Self {
        Self { state, next_at: None, message_for_support, ..self }
    }

    /// What the receiver knows repetitions by. A job ends once, so there is one message a job.
    pub fn message_id(job: JobId) -> String {
        format!("msg_{job}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook() -> Webhook {
        Webhook::new(&WebhookUrl::parse("https://shop.example/hooks", Reach::Public).unwrap())
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn it_is_due_when_the_job_ends_and_not_again_once_it_has_ended_itself() {
        let due = webhook().due(second(7));
        assert_eq!((due.state, due.next_at), (WebhookState::Pending, Some(second(7))));
        for state in [WebhookState::Delivered, WebhookState::GivenUp, WebhookState::Disabled] {
            let ended = due.clone().ended(state, "So it ended.".into());
            assert_eq!(ended.clone().due(second(8)), ended);
            assert_eq!(ended.again(second(9)).next_at, Some(second(9)));
        }
    }

    #[test]
    fn the_log_keeps_the_last_attempts_and_the_count_goes_on() {
        let mut sent = webhook().due(second(0));
        for at in 0..50 {
            let outcome = "No answer.".into();
            sent = sent.attempted(WebhookDelivery { at: second(at), status: None, outcome, milliseconds: 1 });
        }
        assert_eq!((sent.attempts, sent.deliveries.len()), (50, Webhook::DELIVERIES_KEPT));
        assert_eq!(sent.deliveries.first().map(|delivery| delivery.at), Some(second(30)));
        assert_eq!(sent.deliveries.last().map(|delivery| delivery.at), Some(second(49)));
    }

    #[test]
    fn a_message_id_has_no_dot_which_is_what_signatures_are_made_of() {
        let id = JobId::new();
        assert_eq!(Webhook::message_id(id), format!("msg_{id}"));
        assert!(!Webhook::message_id(id).contains('.'));
    }
}
