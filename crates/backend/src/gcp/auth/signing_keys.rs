use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tracing::{info, warn};
use ureq::Agent;

use crate::error::{Context, Result, ensure};
use crate::outbound;

/// How long a fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);

/// Google's answer has 1.5 KB.
const LARGEST_ANSWER: u64 = 256 * 1024;

/// How long keys are kept, whatever the answer says. Google says some six hours.
const FRESHNESS: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(24 * 3600));

/// The least time between two fetches because of a key that is not among those at hand: anybody can name one.
const UNKNOWN_KEY_PAUSE: Duration = Duration::from_secs(30);

/// The least time between two fetches while they fail.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);

/// The keys that tokens are signed with, fetched when they are first needed and again when they have grown old.
pub(super) struct Keys {
    url: String,
    agent: Agent,
    cache: RwLock<Cache>,
    /// Held by whoever fetches; the others wait for what that brings.
    fetching: Mutex<()>,
}

/// Why there is no key.
pub(super) enum NoKey {
    /// Nobody has published it.
    Unknown,
    /// The keys could not be fetched.
    Unavailable(String),
}

#[derive(Default)]
struct Cache {
    keys: HashMap<String, DecodingKey>,
    fresh_until: Option<Instant>,
    failed: Option<(Instant, String)>,
    /// When an unknown key last made for a fetch.
    fetched_for_unknown: Option<Instant>,
}

struct Fetched {
    keys: HashMap<String, DecodingKey>,
    fresh_for: Duration,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<PublishedKey>,
}

/// Every field may be missing: there are keys of other kinds in such a set.
#[derive(Deserialize)]
struct PublishedKey {
    kid: Option<String>,
    kty: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Keys {
    pub(super) fn new(url: &str) -> Self {
        let agent = outbound::agent(FETCH_TIMEOUT);
        Self { url: url.into(), agent, cache: RwLock::default(), fetching: Mutex::default() }
    }

    pub(super) async fn get(&self, id: &str) -> Result<DecodingKey, NoKey> {
        if let Some(known) = self.cache().get(id) {
            return known;
        }
        let _one_at_a_time = self.fetching.lock().await;
        // Somebody else may have brought it meanwhile.
        if let Some(known) = self.cache().get(id) {
            return known;
        }
        if self.cache().is_fresh() {
            self.change(|cache| cache.fetched_for_unknown = Some(Instant::now()));
        }
        self.fetch().await.map_err(NoKey::Unavailable)?;
        self.cache().keys.get(id).cloned().ok_or(NoKey::Unknown)
    }

    pub(super) async fn check(&self) -> Result<(), String> {
        let _one_at_a_time = self.fetching.lock().await;
        if self.cache().is_fresh() {
            return Ok(());
        }
        if let Some(why) = self.cache().failed_just_now() {
            return Err(why);
        }
        self.fetch().await
    }

    /// To be called by the holder of the lock alone.
    async fn fetch(&self) -> Result<(), String> {
        let (agent, url) = (self.agent.clone(), self.url.clone());
        let fetched = spawn_blocking(move || fetch(&agent, &url)).await.context("the fetch broke off");
        match fetched.and_then(|fetched| fetched) {
            Ok(Fetched { keys, fresh_for }) => {
                let count = keys.len();
                let failed_before = self.change(|cache| {
                    cache.keys = keys;
                    cache.fresh_until = Some(Instant::now() + fresh_for);
                    cache.failed.take().is_some()
                });
                if failed_before {
                    info!(count, "the keys that tokens are signed with could be fetched again");
                }
                Ok(())
            }
            Err(error) => {
                let why = format!("the keys of {} could not be fetched: {error:#}", self.url);
                let failed = (Instant::now(), why.clone());
                if self.change(|cache| cache.failed.replace(failed)).is_none() {
                    warn!(why, "tokens cannot be verified");
                }
                Err(why)
            }
        }
    }

    fn cache(&self) -> RwLockReadGuard<'_, Cache> {
        self.cache.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Cache) -> T) -> T {
        change(&mut self.cache.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Cache {
    /// What can be said without fetching; `None` if nothing.
    fn get(&self, id: &str) -> Option<Result<DecodingKey, NoKey>> {
        if !self.is_fresh() {
            return self.failed_just_now().map(|why| Err(NoKey::Unavailable(why)));
        }
        if let Some(key) = self.keys.get(id) {
            return Some(Ok(key.clone()));
        }
        self.fetched_for_unknown.filter(|when| when.elapsed() < UNKNOWN_KEY_PAUSE)?;
        // Whether the key exists is not known either if that fetch failed.
        Some(Err(self.failed.as_ref().map_or(NoKey::Unknown, |(_, why)| NoKey::Unavailable(why.clone()))))
    }

    fn is_fresh(&self) -> bool {
        self.fresh_until.is_some_and(|until| Instant::now() < until)
    }

    fn failed_just_now(&self) -> Option<String> {
        self.failed.as_ref().filter(|(when, _)| when.elapsed() < FAILURE_PAUSE).map(|(_, why)| why.clone())
    }
}

fn fetch(agent: &Agent, url: &str) -> Result<Fetched> {
    let answer = agent.get(url).call()?;
    let status = answer.status();
    ensure!(status.is_success(), Unavailable, "the answer is {status}");
    let (head, body) = answer.into_parts();
    let cache_control = head.headers.get("cache-control").and_then(|value| value.to_str().ok());
    let fresh_for = max_age(cache_control.unwrap_or_default()).clamp(FRESHNESS.0, FRESHNESS.1);
    let body = body.into_with_config().limit(LARGEST_ANSWER).read_to_vec().context("reading the answer")?;
    let set: KeySet = serde_json::from_slice(&body).context("the answer is no set of keys")?;
    let keys: HashMap<_, _> = set.keys.into_iter().filter_map(PublishedKey::usable).collect();
    ensure!(!keys.is_empty(), Damaged, "there is no RSA key for signatures in the answer");
    Ok(Fetched { keys, fresh_for })
}

/// Nothing said is the shortest time.
fn max_age(cache_control: &str) -> Duration {
    let seconds =
        cache_control.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok());
    Duration::from_secs(seconds.unwrap_or_default())
}

impl PublishedKey {
    fn usable(self) -> Option<(String, DecodingKey)> {
        let fits = self.kty.as_deref() == Some("RSA")
            && self.alg.is_none_or(|alg| alg == "RS256")
            && self.purpose.is_none_or(|purpose| purpose == "sig");
        let (id, n, e) = (self.kid?, self.n?, self.e?);
        fits.then_some(())?;
        Some((id, DecodingKey::from_rsa_components(&n, &e).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_found_among_other_directives() {
        let google = "public, max-age=23061, must-revalidate, no-transform";
        assert_eq!(max_age(google), Duration::from_secs(23061));
        assert_eq!(max_age("s-maxage=5"), Duration::ZERO);
        assert_eq!(max_age("max-age=-1, no-store"), Duration::ZERO);
    }
}
