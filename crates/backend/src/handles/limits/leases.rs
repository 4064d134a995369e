//! What this process has drawn and not yet spent.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as Lock, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::contract::limits::{Allowance, Drawing, Drawn, Level, Taken};
use crate::jitter::jitter;

/// How long a batch may be spent without asking again.
const LEASE: Duration = Duration::from_secs(1);

/// The same where many processes draw from one bucket. So many seconds are enough for as many processes.
const LONGEST_LEASE: Duration = Duration::from_secs(16);

/// How long the store may take: a customer waits for it.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// How long a bucket that the store did not answer for is counted without it.
const PAUSE: Duration = Duration::from_secs(5);

/// How long an empty bucket is believed to be empty without asking again, so that a limit that was raised is
/// noticed.
const BELIEF: Duration = Duration::from_secs(5);

/// Buckets in each of two generations. When the young one is full, it becomes the old one, which is forgotten: whoever calls
/// from a million addresses makes us forget, at most, batches of one or few tokens.
const GENERATION: usize = 8192;

#[derive(Default)]
pub(super) struct Leases {
    generations: Lock<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<String, Arc<Entry>>,
    old: HashMap<String, Arc<Entry>>,
}

#[derive(Default)]
pub(super) struct Entry {
    pub(super) lease: Mutex<Lease>,
    waiting: AtomicU64,
}

/// Counts whoever waits for a bucket, so that one draw brings enough for all.
pub(super) struct Waiting<'a>(&'a AtomicU64);

/// The tokens of one bucket that are at hand.
pub(super) struct Lease {
    /// What they were drawn by; other tokens are of no use to a limit that has changed.
    pub(super) allowance: Option<Allowance>,
    tokens: u64,
    drawn: Option<Instant>,
    /// How long they may be spent, and the time between two draws. Longer, the more processes draw from the
    /// bucket, so that together they write it about once a second.
    length: Duration,
    batch: u64,
    /// How quickly the batch was spent to the last token.
    spent_in: Option<Duration>,
    /// Calls since the last draw, also those that got nothing.
    asked: u64,
    /// When the next draw would be due if there were one every [`Self::length`].
    draw_due: Option<Instant>,
    left_in_store: Option<u64>,
    empty_until: Option<Instant>,
    next: Option<Instant>,
    /// The bucket as this process alone knows it, while the store does not answer.
    alone: Option<Level>,
    /// Until when the store is not asked for this bucket; it has not answered.
    alone_until: Option<Instant>,
}

impl Leases {
    /// The bucket's entry, new if need be.
    pub(super) fn of(&self, bucket: &str) -> Arc<Entry> {
        let mut generations = self.lock();
        if let Some(entry) = generations.young.get(bucket) {
            return entry.clone();
        }
        let entry = generations.old.remove(bucket).unwrap_or_default();
        if generations.young.len() >= GENERATION {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(bucket.to_owned(), entry.clone());
        entry
    }

    /// The bucket's entry, if there is one.
    pub(super) fn known(&self, bucket: &str) -> Option<Arc<Entry>> {
        let generations = self.lock();
        generations.young.get(bucket).or_else(|| generations.old.get(bucket)).cloned()
    }

    pub(super) fn count(&self) -> usize {
        let generations = self.lock();
        generations.young.len() + generations.old.len()
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    pub(super) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(&self.waiting)
    }
}

impl Waiting<'_> {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Lease {
    fn default() -> Self {
        Self {
            allowance: None,
            tokens: 0,
            drawn: None,
            length: LEASE,
            batch: 0,
            spent_in: None,
            asked: 0,
            draw_due: None,
            left_in_store: None,
            empty_until: None,
            next: None,
            alone: None,
            alone_until: None,
        }
    }
}

impl Lease {
    /// Begins anew under a limit that is new or has changed.
    pub(super) fn begin(&mut self, allowance: &Allowance) {
        *self = Self { allowance: Some(allowance.clone()), ..Self::default() };
    }

    /// Spends a token that is at hand.
    pub(super) fn spend(&mut self) -> bool {
        let fresh = self.drawn.is_some_and(|drawn| drawn.elapsed() < self.length);
        if fresh && self.tokens > 0 {
            self.tokens -= 1;
            self.spent_in = self.drawn.filter(|_| self.tokens == 0).map(|drawn| drawn.elapsed());
            return true;
        }
        false
    }

    /// Counts a call that wants a token.
    pub(super) fn asked(&mut self) {
        self.asked = self.asked.saturating_add(1);
    }

    /// Whether the store, which has not answered lately, is done without.
    pub(super) fn counts_alone(&self) -> bool {
        self.alone_until.is_some_and(|until| Instant::now() < until)
    }

    /// How long to wait before the store may be asked for this bucket again, if so many draws may follow each other at once.
    /// Callers wait with it, so it is never long.
    pub(super) fn pause(&self, at_once: Option<u32>) -> Option<Duration> {
        let early = LEASE * at_once?.saturating_sub(1);
        let due = self.draw_due?.checked_sub(early)?;
        let due = self.drawn.map_or(due, |drawn| due.min(drawn + PATIENCE));
        let wait = due.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    pub(super) fn put_back(&mut self) {
        self.tokens += 1;
        self.empty_until = None;
        // A lease that has lapsed hands it to the store at the next draw.
        self.drawn.get_or_insert_with(Instant::now);
    }

    pub(super) fn is_known_to_be_empty(&self) -> bool {
        self.empty_until.is_some_and(|until| Instant::now() < until)
    }

    pub(super) fn empty_for(&self) -> Option<Duration> {
        let until = self.empty_until.filter(|until| self.tokens == 0 && Instant::now() < *until)?;
        Some(self.next.unwrap_or(until).saturating_duration_since(Instant::now()))
    }

    /// What to ask the store for: enough for all who wait, and for what was asked for since the last draw.
    /// If that draw's batch was spent early, what would have lasted.
    pub(super) fn drawing(&mut self, allowance: &Allowance, waiting: u64) -> Drawing {
        let now = Instant::now();
        let lately = self.drawn.is_some_and(|drawn| drawn.elapsed() < 2 * self.length);
        let lasting = match self.spent_in.take().filter(|_| lately && self.tokens == 0) {
            Some(spent) => self.batch.saturating_mul(millis(self.length)).div_ceil(millis(spent)),
            None => 1,
        };
        let largest = allowance.largest_batch() * if self.length > LEASE { 2 } else { 1 };
        let wanted = lasting.max(std::mem::take(&mut self.asked)).clamp(1, largest).max(waiting);
        self.batch = wanted;
        // Processes that began together must not meet at every draw.
        let length = if self.length > LEASE { self.length.mul_f64(0.75 + jitter() / 2.0) } else { LEASE };
        self.draw_due = Some(self.draw_due.map_or(now, |due| due.max(now)) + length);
        // Whether they arrive if the draw fails nobody knows; to believe that they do keeps the limit.
        Drawing { returned: std::mem::take(&mut self.tokens), wanted }
    }

    /// Takes what a draw brought. When it is less than was wanted, the bucket is empty once these tokens are spent.
    pub(super) fn drawn(&mut self, drawn: Drawn, wanted: u64) {
        let now = Instant::now();
        self.tokens = drawn.granted;
        self.drawn = Some(now);
        self.left_in_store = Some(drawn.left);
        self.length = match drawn.others_wrote {
            None => (self.length / 2).max(LEASE),
            Some(ago) if ago < LEASE => (self.length * 2).min(LONGEST_LEASE),
            Some(_) => self.length,
        };
        self.alone = None;
        self.empty(drawn, wanted, now);
    }

    /// There was no getting at the bucket for all the others who draw on it.
    pub(super) fn overtaken(&mut self) {
        self.empty(
            Drawn { granted: 0, left: 0, next: Duration::ZERO, others_wrote: None },
            1,
            Instant::now(),
        );
    }

    /// Takes a token of the limit as if this process were the only one. Of a quota there is as much as was last seen, and if
    /// it never was, a hundredth.
    pub(super) fn draw_alone(&mut self, allowance: &Allowance) {
        if !self.counts_alone() {
            self.alone_until = Some(Instant::now() + PAUSE);
        }
        let now = Timestamp::now();
        let level = self.alone.unwrap_or_else(|| {
            let there = match (self.left_in_store, allowance.per_minute) {
                (Some(left), _) => left.max(allowance.largest_batch()),
                (None, 0) => allowance.largest_batch(),
                (None, _) => allowance.capacity,
            };
            Level { missing: allowance.capacity.saturating_sub(there).saturating_mul(1_000_000), at: now }
        });
        let (level, drawn) = Level::draw(Some(level), allowance, Drawing { returned: 0, wanted: 1 }, now);
        self.alone = Some(level);
        let now = Instant::now();
        self.tokens = drawn.granted;
        self.drawn = Some(now);
        self.empty(drawn, 1, now);
    }

    /// An empty bucket is not asked again before a lease is over, a second or longer, and is believed to be
    /// empty for a few seconds at most.
    fn empty(&mut self, drawn: Drawn, wanted: u64, now: Instant) {
        let empty = drawn.granted < wanted;
        let next = drawn.next.max(self.length.min(BELIEF));
        self.empty_until = empty.then(|| now + next.min(BELIEF));
        self.next = if empty { now.checked_add(next) } else { None };
    }

    pub(super) fn answer(&self, granted: bool, allowance: &Allowance) -> Taken {
        let level =
            self.alone.map(|level| allowance.capacity.saturating_sub(level.missing.div_ceil(1_000_000)));
        let left =
            level.or(self.left_in_store).unwrap_or(0).saturating_add(self.tokens).min(allowance.capacity);
        let missing = allowance.capacity - left;
        let full_in = match (allowance.per_minute, allowance.ends) {
            (1.., _) => Duration::from_secs((missing * 60).div_ceil(allowance.per_minute)),
            (0, Some(ends)) => Duration::try_from(ends.duration_since(Timestamp::now())).unwrap_or_default(),
            (0, None) => Duration::MAX,
        };
        let retry_after = match self.next {
            _ if granted => Duration::ZERO,
            Some(next) => next.saturating_duration_since(Instant::now()),
            None => full_in,
        };
        Taken { granted, left, retry_after, full_in }
    }
}

/// At least one.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_addresses_are_not_all_remembered_but_whoever_comes_often_is() {
        let leases = Leases::default();
        let often = leases.of("often");
        for number in 0..100_000 {
            leases.of(&format!("address:{number}"));
            assert!(Arc::ptr_eq(&often, &leases.of("often")));
        }
        assert!(leases.count() <= 2 * GENERATION);
        assert!(leases.known("address:0").is_none() && leases.known("address:99999").is_some());
    }

    fn drew(lease: &mut Lease, drawing: Drawing, left: u64) {
        let drawn = Drawn { granted: drawing.wanted, left, next: Duration::ZERO, others_wrote: None };
        lease.drawn(drawn, drawing.wanted);
    }

    #[test]
    fn batches_grow_while_they_are_spent_in_time_and_what_is_left_over_is_returned() {
        let allowance = Allowance::per_minute("x".into(), 100);
        let mut lease = Lease::default();
        lease.begin(&allowance);
        let mut wanted = Vec::new();
        for _ in 0..4 {
            let drawing = lease.drawing(&allowance, 1);
            wanted.push(drawing.wanted);
            drew(&mut lease, drawing, 50);
            while lease.spend() {}
        }
        assert_eq!(wanted, [1, 5, 5, 5], "a twentieth at most");
        drew(&mut lease, Drawing { returned: 0, wanted: 5 }, 50);
        assert!(lease.spend());
        assert_eq!(lease.drawing(&allowance, 1), Drawing { returned: 4, wanted: 1 });
        assert_eq!(lease.drawing(&allowance, 30).wanted, 30, "enough for all who wait");
        (0..3).for_each(|_| lease.asked());
        drew(&mut lease, Drawing { returned: 0, wanted: 5 }, 50);
        assert_eq!(lease.drawing(&allowance, 1).wanted, 3, "as many as were asked for lately");
    }

    #[test]
    fn a_document_is_drawn_on_once_a_second_after_a_few_draws_and_an_empty_bucket_is_left_alone_as_long() {
        let allowance = Allowance::per_minute("x".into(), 6000);
        let mut lease = Lease::default();
        lease.begin(&allowance);
        for _ in 0..3 {
            assert_eq!(lease.pause(Some(3)), None);
            lease.drawing(&allowance, 1);
        }
        let pause = lease.pause(Some(3)).expect("the fourth waits");
        assert!(pause > Duration::from_millis(900) && pause <= LEASE, "{pause:?}");
        assert_eq!(lease.pause(None), None, "a store that can take it is not spared");
        // One comes back every hundredth of a second.
        lease.drawn(Drawn { granted: 0, left: 0, next: Duration::from_millis(10), others_wrote: None }, 1);
        assert!(lease.is_known_to_be_empty());
        assert!(lease.empty_for().is_some_and(|wait| wait > Duration::from_millis(900)));
    }

    #[test]
    fn leases_grow_while_other_processes_write_within_a_second_and_shrink_again_when_none_does() {
        let allowance = Allowance::per_minute("x".into(), 6000);
        let mut lease = Lease::default();
        lease.begin(&allowance);
        let mut draw = |others_wrote| {
            lease.asked = 1000;
            let drawing = lease.drawing(&allowance, 1);
            lease.drawn(Drawn { granted: 1, left: 50, next: Duration::ZERO, others_wrote }, 1);
            (drawing.wanted, lease.length.as_secs())
        };
        let [lately, before] = [500, 1500].map(|millis| Some(Duration::from_millis(millis)));
        assert_eq!(draw(before), (300, 1), "a twentieth at most");
        assert_eq!([lately; 6].map(|ago| draw(ago).1), [2, 4, 8, 16, 16, 16]);
        assert_eq!(draw(before), (600, 16), "a tenth for the longer time");
        assert_eq!([None; 5].map(|none| draw(none).1), [8, 4, 2, 1, 1]);
        (0..9).for_each(|_| _ = draw(lately));
        let pause = lease.pause(Some(1)).expect("it waits for the next draw");
        assert!(pause <= PATIENCE, "callers wait with it: {pause:?}");
    }

    #[test]
    fn what_a_bucket_can_no_longer_give_is_refused_and_not_waited_for() {
        let mut lease = Lease::default();
        lease.begin(&Allowance::per_minute("x".into(), 120));
        lease.drawn(Drawn { granted: 2, left: 0, next: Duration::from_millis(500), others_wrote: None }, 6);
        assert!(lease.empty_for().is_none() && lease.spend() && lease.spend());
        assert!(!lease.spend() && lease.is_known_to_be_empty());
        assert!(lease.empty_for().is_some_and(|wait| wait > Duration::from_millis(900)));
    }
}
