use std::time::Duration;

use headshot_core::{JobId, Tenant};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// How long an answered key is remembered.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a reservation that nobody renews stays where it can be taken over, until it is cleared away.
pub(crate) const LEFT_FOR: Duration = Duration::from_secs(60 * 60);

/// What is known of a key at the beginning of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nobody has used it: it is the caller's until the lease lapses.
    Reserved(Reservation),
    /// Another request with it is under way.
    InFlight {
        /// When its reservation lapses, unless it is renewed or comes to its end before.
        until: Timestamp,
    },
    /// A request with it made this job.
    Answered(Answered),
}

/// A key that the caller may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    pub(crate) slot: Slot,
    /// Different for each reservation, so that one which was taken over can no longer be used.
    pub(crate) token: String,
}

/// What a key was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The job.
    pub job_id: JobId,
    /// What [`crate::Jobs::create_reserved`] was given: two requests are the same if theirs are.
    pub fingerprint: String,
}

/// The place of a key: a hash of it and of its tenant, in lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) String);

/// A key's row or document, as each kind of backend reads it.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) token: String,
    pub(crate) lease_until: Timestamp,
    pub(crate) answered: Option<Answered>,
    pub(crate) expire_at: Timestamp,
}

impl Slot {
    pub(crate) fn of(tenant: &Tenant, key: &str) -> Self {
        // A tenant's name holds no line break, so no other pair gives the same text.
        let hash = Sha256::digest(format!("{tenant}\n{key}"));
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl Held {
    /// What a newcomer is told, or `None` if the key is there to be reserved.
    pub(crate) fn for_newcomer(&self, now: Timestamp) -> Option<Begun> {
        if self.expire_at <= now {
            return None;
        }
        match &self.answered {
            Some(answered) => Some(Begun::Answered(answered.clone())),
            None if self.lease_until > now => Some(Begun::InFlight { until: self.lease_until }),
            // Whoever had it is gone. Its job was not made, because that would have answered the key.
            None => None,
        }
    }
}
