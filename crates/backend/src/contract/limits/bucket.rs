//! A bucket of tokens as the store has it, and what a draw does to it: the one rule that every kind of store follows.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::allowance::Allowance;

/// Levels are in millionths of a token, so that a bucket that is drawn from often loses nothing to rounding.
const MICRO: u64 = 1_000_000;

/// How full a bucket was at some moment. A bucket that nobody knows is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// What is missing, in millionths of a token. Not what is there: a capacity that changes then counts at once.
    pub(crate) missing: u64,
    pub(crate) at: Timestamp,
}

/// What a process asks of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drawing {
    /// Tokens that it has not used.
    pub(crate) returned: u64,
    /// Tokens that it would like, at least one.
    pub(crate) wanted: u64,
}

/// What it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(crate) granted: u64,
    /// Tokens still in the bucket.
    pub(crate) left: u64,
    /// When there will be one, if there is none.
    pub(crate) next: Duration,
    /// How long before this draw another process wrote the level. `None`: no other did since this one's last
    /// write, or the store does not mind many writers.
    pub(crate) others_wrote: Option<Duration>,
}

impl Level {
    /// The level after a draw at `now`, and what the draw brought.
    pub(crate) fn draw(
        level: Option<Self>,
        allowance: &Allowance,
        drawing: Drawing,
        now: Timestamp,
    ) -> (Self, Drawn) {
        let full = Self { missing: 0, at: now };
        let Self { missing, at } = level.unwrap_or(full);
        let capacity = allowance.capacity.saturating_mul(MICRO);
        let (missing, at) = match refilled(allowance, at, now) {
            Some(refilled) => (missing.min(capacity).saturating_sub(refilled), now),
            // Another process's clock is ahead of ours.
            None => (missing.min(capacity), at),
        };
        let missing = missing.saturating_sub(drawing.returned.saturating_mul(MICRO));
        let there = (capacity - missing) / MICRO;
        let granted = there.min(drawing.wanted);
        let missing = missing + granted * MICRO;
        let left = there - granted;
        (
            Self { missing, at },
            Drawn {
                granted,
                left,
                next: wait_for_one(allowance, capacity - missing, now),
                others_wrote: None,
            },
        )
    }

    /// When the bucket may be forgotten: it is full then, or its quota has ended.
    pub(crate) fn expires(&self, allowance: &Allowance) -> Timestamp {
        let later = |from: Timestamp, seconds: u64| {
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX / 2);
            from.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
        };
        match (allowance.ends, allowance.per_minute) {
            (Some(ends), _) => later(ends, 24 * 3600),
            (None, 0) => Timestamp::MAX,
            (None, per_minute) => later(self.at, self.missing / MICRO * 60 / per_minute + 60),
        }
    }
}

/// What has come back since, in millionths; `None` if that time is yet to come.
fn refilled(allowance: &Allowance, since: Timestamp, now: Timestamp) -> Option<u64> {
    let micros = u128::try_from(now.as_microsecond() - since.as_microsecond()).ok()?;
    // So many a minute are as many millionths in 60 microseconds.
    Some(u64::try_from(micros * u128::from(allowance.per_minute) / 60).unwrap_or(u64::MAX))
}

fn wait_for_one(allowance: &Allowance, there: u64, now: Timestamp) -> Duration {
    let lacking = MICRO.saturating_sub(there);
    match (lacking, allowance.per_minute, allowance.ends) {
        (0, _, _) => Duration::ZERO,
        (lacking, 1.., _) => Duration::from_micros((lacking * 60).div_ceil(allowance.per_minute)),
        (_, 0, Some(ends)) => Duration::try_from(ends.duration_since(now)).unwrap_or_default(),
        (_, 0, None) => Duration::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn want(wanted: u64) -> Drawing {
        Drawing { returned: 0, wanted }
    }

    #[test]
    fn a_bucket_begins_full_and_fills_again_at_its_rate_and_no_further() {
        let allowance = Allowance::per_minute("x".into(), 120);
        let (level, drawn) = Level::draw(None, &allowance, want(200), at(0));
        assert_eq!(
            drawn,
            Drawn { granted: 120, left: 0, next: Duration::from_millis(500), others_wrote: None }
        );
        let (level, drawn) = Level::draw(Some(level), &allowance, want(5), at(1));
        assert_eq!((drawn.granted, drawn.left), (2, 0));
        let (level, drawn) = Level::draw(Some(level), &allowance, want(1), at(1000));
        assert_eq!((drawn.granted, drawn.left), (1, 119));
        assert!(level.expires(&allowance) >= at(1060));
    }

    #[test]
    fn what_is_returned_is_there_again_but_never_more_than_fits() {
        let allowance = Allowance::per_minute("x".into(), 60);
        let (level, _) = Level::draw(None, &allowance, want(60), at(0));
        let (level, drawn) = Level::draw(Some(level), &allowance, Drawing { returned: 3, wanted: 1 }, at(0));
        assert_eq!((drawn.granted, drawn.left), (1, 2));
        let (_, drawn) = Level::draw(Some(level), &allowance, Drawing { returned: 1000, wanted: 1 }, at(0));
        assert_eq!((drawn.granted, drawn.left), (1, 59));
    }

    #[test]
    fn drawing_often_loses_nothing_to_rounding() {
        let allowance = Allowance::per_minute("x".into(), 7);
        let (mut level, _) = Level::draw(None, &allowance, want(7), at(0));
        let mut granted = 0;
        for tick in 0..60_000 {
            let now = at(0) + SignedDuration::from_millis(tick * 10);
            let (next, drawn) = Level::draw(Some(level), &allowance, want(1), now);
            level = next;
            granted += drawn.granted;
        }
        assert!((68..=70).contains(&granted), "ten minutes are 70 tokens: {granted}");
    }

    #[test]
    fn a_clock_that_is_behind_makes_no_tokens_and_a_capacity_that_changes_counts_at_once() {
        let allowance = Allowance::per_minute("x".into(), 60);
        let (level, _) = Level::draw(None, &allowance, want(60), at(0));
        let (level, drawn) = Level::draw(Some(level), &allowance, want(1), at(-30));
        assert_eq!((drawn.granted, level.at), (0, at(0)));
        let quota = |capacity| Allowance { bucket: "m".into(), capacity, per_minute: 0, ends: Some(at(100)) };
        let (level, drawn) = Level::draw(None, &quota(10), want(10), at(0));
        assert_eq!((drawn.granted, drawn.next), (10, Duration::from_secs(100)));
        let (level, drawn) = Level::draw(Some(level), &quota(15), want(10), at(50));
        assert_eq!(drawn.granted, 5, "of a larger quota what was used is used");
        assert_eq!(Level::draw(Some(level), &quota(5), want(1), at(60)).1.granted, 0);
        assert!(level.expires(&quota(15)) > at(100));
    }
}
