use std::time::Duration;

use headshot_core::{JobId, Tenant};

use crate::contract::idempotency::{Answered, Begun, Reservation, Slot};
use crate::contract::jobs::record_time;
use crate::error::Result;
use crate::gcp::GcpRecords;
use crate::handles::dispatch::dispatch;
use crate::local::LocalKeys;

/// The keys by which clients mark a request that they may send again (`Idempotency-Key`), per tenant.
///
/// A request that brings a key reserves it, and [`crate::Jobs::create_reserved`] writes the record of the job
/// and the answer to the key in one transaction: whatever dies or sleeps in between, a key makes one job. The
/// keys themselves are not stored, only hashes.
#[derive(Clone)]
pub struct Idempotency {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Local(LocalKeys),
    Gcp(GcpRecords),
}

impl Idempotency {
    pub(crate) fn local(keys: LocalKeys) -> Self {
        Self { kind: Kind::Local(keys) }
    }

    pub(crate) fn gcp(records: GcpRecords) -> Self {
        Self { kind: Kind::Gcp(records) }
    }

    /// Looks a key up, and reserves it for `lease` if nobody has it. Of several callers at a time one gets
    /// it.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn begin(&self, tenant: &Tenant, key: &str, lease: Duration) -> Result<Begun> {
        let reservation = Reservation { slot: Slot::of(tenant, key), token: JobId::new().to_string() };
        dispatch!(self, records => records.begin_key(reservation, lease).await)
    }

    /// What a key was answered with, if it was. Nothing is reserved.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn answered(&self, tenant: &Tenant, key: &str) -> Result<Option<Answered>> {
        let slot = Slot::of(tenant, key);
        let held = dispatch!(self, records => records.held_key(slot).await?);
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
        dispatch!(self, records => records.renew_key(reservation, lease).await)
    }

    /// Gives a reservation up, so that the next request with the key begins anew. One that is answered, or
    /// lost, stays as it is.
    ///
    /// # Errors
    /// The store cannot be reached; the reservation lapses by itself then.
    pub async fn release(&self, reservation: &Reservation) -> Result<()> {
        dispatch!(self, records => records.release_key(reservation).await)
    }
}
