use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use headshot_core::{JobRecord, Reach, Tenant, WebhookUrl};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Who may send how much at a time, so that an endpoint which takes its time holds up nobody but itself. Each host and each
/// tenant has a lane of so many turns, and a queue before it that is short as well.
#[derive(Default)]
pub(super) struct Lanes {
    lanes: Arc<Mutex<HashMap<Key, Lane>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    All,
    Tenant(Tenant),
    Host(String),
}

struct Lane {
    /// How many are in it, waiting or at their turn.
    places: usize,
    turns: Arc<Semaphore>,
}

/// A place in the queues of a host, of a tenant and of the process. Dropping it leaves them.
pub(super) struct Place {
    lanes: Arc<Mutex<HashMap<Key, Lane>>>,
    keys: [Key; 3],
    turns: [Arc<Semaphore>; 3],
}

impl Key {
    /// How many may be sent at a time, and how many may be in the lane.
    fn limits(&self) -> (usize, usize) {
        match self {
            Self::Host(_) => (4, 32),
            Self::Tenant(_) => (16, 96),
            Self::All => (64, Lanes::PLACES),
        }
    }
}

impl Lanes {
    /// So many webhooks are at hand at most.
    pub(super) const PLACES: usize = 256;

    /// A place for one webhook; `None` where one of the queues is full.
    pub(super) fn enter(&self, tenant: &Tenant, host: &str) -> Option<Place> {
        let keys = [Key::Host(host.to_owned()), Key::Tenant(tenant.clone()), Key::All];
        let mut lanes = lock(&self.lanes);
        let full = |key: &Key| lanes.get(key).is_some_and(|lane| lane.places >= key.limits().1);
        if keys.iter().any(full) {
            return None;
        }
        let turns = keys.clone().map(|key| {
            let turns = key.limits().0;
            let lane = lanes
                .entry(key)
                .or_insert_with(|| Lane { places: 0, turns: Arc::new(Semaphore::new(turns)) });
            lane.places += 1;
            lane.turns.clone()
        });
        Some(Place { lanes: self.lanes.clone(), keys, turns })
    }
}

impl Place {
    /// Waits for the turn, which lasts as long as what is returned. Always in the same order, the narrowest lane first: who
    /// waits for a busy host takes no turn from others.
    pub(super) async fn turn(&self) -> [OwnedSemaphorePermit; 3] {
        let [host, tenant, all] = self.turns.clone().map(Semaphore::acquire_owned);
        let [Ok(host), Ok(tenant), Ok(all)] = [host.await, tenant.await, all.await] else {
            unreachable!("nobody closes the semaphores")
        };
        [host, tenant, all]
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lanes = lock(&self.lanes);
        for key in &self.keys {
            if let Some(lane) = lanes.get_mut(key) {
                lane.places -= 1;
                if lane.places == 0 {
                    lanes.remove(key);
                }
            }
        }
    }
}

/// The host that a webhook goes to.
pub(super) fn host(record: &JobRecord) -> String {
    let url = record.webhook.as_ref().map(|webhook| webhook.url.as_str()).unwrap_or_default();
    WebhookUrl::parse(url, Reach::Anywhere).map(|url| url.host()).unwrap_or_default()
}

fn lock(lanes: &Mutex<HashMap<Key, Lane>>) -> MutexGuard<'_, HashMap<Key, Lane>> {
    lanes.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn tenant(name: &str) -> Tenant {
        name.parse().unwrap()
    }

    #[tokio::test]
    async fn a_busy_host_leaves_others_their_turn() {
        let lanes = Lanes::default();
        let acme = tenant("acme");
        let slow: Vec<_> = (0..40).filter_map(|_| lanes.enter(&acme, "slow.example")).collect();
        assert_eq!(slow.len(), 32, "the queue before a host is short");
        let mut turns = Vec::new();
        for place in &slow[..4] {
            turns.push(place.turn().await);
        }
        let fifth = slow[4].turn();
        assert!(timeout(Duration::from_millis(20), fifth).await.is_err(), "four at a time");
        let other = lanes.enter(&acme, "other.example").unwrap();
        let _turn = other.turn().await;
        drop(turns);
        drop(slow[4].turn().await);
    }

    #[tokio::test]
    async fn a_tenant_with_many_slow_hosts_leaves_others_their_turn() {
        let lanes = Lanes::default();
        let (greedy, acme) = (tenant("greedy"), tenant("acme"));
        let places: Vec<_> = (0..200).filter_map(|n| lanes.enter(&greedy, &format!("{n}.example"))).collect();
        assert_eq!(places.len(), 96);
        let mut turns = Vec::new();
        for place in &places[..16] {
            turns.push(place.turn().await);
        }
        assert!(timeout(Duration::from_millis(20), places[16].turn()).await.is_err());
        drop(lanes.enter(&acme, "shop.example").unwrap().turn().await);
    }

    #[test]
    fn who_leaves_makes_room_and_nothing_is_left_behind() {
        let lanes = Lanes::default();
        let acme = tenant("acme");
        for _ in 0..1000 {
            drop(lanes.enter(&acme, "shop.example").unwrap());
        }
        assert!(lock(&lanes.lanes).is_empty());
    }
}
