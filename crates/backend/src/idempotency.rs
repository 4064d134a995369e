use std::time::Duration;

use anyhow::Result;
use headshot_core::{JobId, Tenant};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::gcp::GcpRecords;
use crate::jobs::record_time;
use crate::local::LocalKeys;

/// How long an answered key is remembered.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a reservation that nobody renews stays where it can be taken over, until it is cleared away.
pub(crate) const LEFT_FOR: Duration = Duration::from_secs(60 * 60);

/// The keys by which clients mark a request that they may send again (`Idempotency-Key`), per tenant.
///
/// A request that brings a key reserves it, and [`crate::Jobs::create_reserved`] writes the record of the job and the
/// answer to the key in one transaction: whatever dies or sleeps in between, a key makes one job. The keys themselves
/// are not stored, only hashes.
#[derive(Clone)]
pub struct Idempotency {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Local(LocalKeys),
    Gcp(GcpRecords),
}

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

impl Idempotency {
    pub(crate) fn local(keys: LocalKeys) -> Self {
        Self { kind: Kind::Local(keys) }
    }

    pub(crate) fn gcp(records: GcpRecords) -> Self {
        Self { kind: Kind::Gcp(records) }
    }

    /// Looks a key up, and reserves it for `lease` if nobody has it. Of several callers at a time one gets it.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn begin(&self, tenant: &Tenant, key: &str, lease: Duration) -> Result<Begun> {
        let reservation = Reservation { slot: Slot::of(tenant, key), token: JobId::new().to_string() };
        match &self.kind {
            Kind::Local(keys) => keys.begin(reservation, lease).await,
            Kind::Gcp(records) => records.begin_key(reservation, lease).await,
        }
    }

    /// What a key was answered with, if it was. Nothing is reserved.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn answered(&self, tenant: &Tenant, key: &str) -> Result<Option<Answered>> {
        let slot = Slot::of(tenant, key);
        let held = match &self.kind {
            Kind::Local(keys) => keys.held(slot).await?,
            Kind::Gcp(records) => records.held_key(slot).await?,
        };
        Ok(held.and_then(|held| match held.for_newcomer(record_time()) {
            Some(Begun::Answered(answered)) => Some(answered),
            _ => None,
        }))
    }

    /// Extends a reservation to `lease` from now. `false`: it is lost, or answered.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn renew(&self, reservation: &Reservation, lease: Duration) -> Result<bool> {
        match &self.kind {
            Kind::Local(keys) => keys.renew(reservation.clone(), lease).await,
            Kind::Gcp(records) => records.renew_key(reservation, lease).await,
        }
    }

    /// Gives a reservation up, so that the next request with the key begins anew. One that is answered, or lost, stays
    /// as it is.
    ///
    /// # Errors
    /// The store cannot be reached; the reservation lapses by itself then.
    pub async fn release(&self, reservation: &Reservation) -> Result<()> {
        match &self.kind {
            Kind::Local(keys) => keys.release(reservation.clone()).await,
            Kind::Gcp(records) => records.release_key(reservation).await,
        }
    }
}

impl Slot {
    fn of(tenant: &Tenant, key: &str) -> Self {
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
