use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use headshot_core::BlobKey;

/// Links in each of two generations. When the young one is full it becomes the old one, which is forgotten.
const GENERATION: usize = 2048;

/// Links to artefacts that were minted a short while ago: each costs a call of IAM, whose quota is that of
/// the project. They are only in memory, and are given out for a quarter of their life.
#[derive(Default)]
pub(super) struct Links {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<(BlobKey, Duration), Link>,
    old: HashMap<(BlobKey, Duration), Link>,
}

#[derive(Clone)]
pub(super) struct Link {
    pub(super) url: String,
    pub(super) minted: Instant,
}

impl Links {
    pub(super) fn get(&self, key: BlobKey, ttl: Duration) -> Option<String> {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let found = generations.young.get(&(key, ttl)).or_else(|| generations.old.get(&(key, ttl)));
        found.filter(|link| link.minted.elapsed() < ttl / 4).map(|link| link.url.clone())
    }

    pub(super) fn keep(&self, key: BlobKey, ttl: Duration, link: Link) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if generations.young.len() >= GENERATION {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert((key, ttl), link);
    }
}

#[cfg(test)]
mod tests {
    use headshot_core::{JobId, Rendition};

    use super::*;

    #[test]
    fn a_link_is_given_out_again_while_it_is_young_and_only_so_many_are_kept() {
        let links = Links::default();
        let ttl = Duration::from_secs(3600);
        let keep = |ago: u64| {
            let key = BlobKey::Artefact(JobId::new(), Rendition::Preview);
            let minted = Instant::now().checked_sub(Duration::from_secs(ago)).expect("the machine is up");
            links.keep(key, ttl, Link { url: format!("minted {ago} s ago"), minted });
            key
        };
        let (young, old) = (keep(60), keep(901));
        assert_eq!(links.get(young, ttl).as_deref(), Some("minted 60 s ago"));
        assert_eq!(links.get(young, ttl / 2), None, "of another life");
        assert_eq!(links.get(old, ttl), None);
        for _ in 0..3 * GENERATION {
            keep(0);
        }
        assert_eq!(links.get(young, ttl), None);
        let generations = links.generations.lock().expect("nobody panics");
        assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION);
    }
}
