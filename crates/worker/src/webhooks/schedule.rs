use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// What an endpoint may ask for with `Retry-After`, at most.
const LONGEST_ASKED_FOR: Duration = Duration::from_secs(60 * 60);

/// The wait before the next attempt after so many, or `None` when that was the last. An endpoint that is overloaded may ask
/// for more time than is planned, within bounds, and not for less.
pub(super) fn wait_after(
    attempts: u32,
    retries: &[Duration],
    retry_after: Option<Duration>,
) -> Option<Duration> {
    let planned = *retries.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
    let asked_for = retry_after.unwrap_or_default().min(LONGEST_ASKED_FOR);
    Some(spread(planned.max(asked_for)))
}

/// The wait, a tenth longer or shorter: what failed together need not come back together.
pub(super) fn spread(wait: Duration) -> Duration {
    // The random bits of a version 4 UUID, those of its first byte.
    let random = uuid::Uuid::new_v4().as_bytes().first().copied().unwrap_or(128);
    wait.mul_f64(0.9 + 0.2 * f64::from(random) / 255.0)
}

/// What `Retry-After` asks for: seconds, or a date.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    // The dates of HTTP are those of e-mail, always in GMT.
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    let wait = date.duration_since(now).max(SignedDuration::ZERO);
    Duration::try_from(wait).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_are_those_of_the_plan_a_tenth_up_or_down_and_then_it_is_over() {
        let retries = [5 * SECOND, 300 * SECOND];
        for _ in 0..200 {
            let first = wait_after(1, &retries, None).unwrap();
            assert!((4 * SECOND..=6 * SECOND).contains(&first), "{first:?}");
            let second = wait_after(2, &retries, None).unwrap();
            assert!((270 * SECOND..=330 * SECOND).contains(&second), "{second:?}");
        }
        assert_eq!(wait_after(3, &retries, Some(SECOND)), None);
        assert_eq!(wait_after(0, &retries, None), None);
        let waits: std::collections::HashSet<_> = (0..100).map(|_| wait_after(1, &retries, None)).collect();
        assert!(waits.len() > 20, "{waits:?}");
    }

    #[test]
    fn an_endpoint_may_ask_for_more_time_within_bounds() {
        let retries = [5 * SECOND];
        let wait = |asked: u64| wait_after(1, &retries, Some(Duration::from_secs(asked))).unwrap();
        assert!(wait(1) < 6 * SECOND);
        assert!((90 * SECOND..=110 * SECOND).contains(&wait(100)));
        assert!(wait(u64::MAX) <= 3960 * SECOND);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Thu, 01 Jan 2026 00:02:00 GMT", Some(120)),
            ("Wed, 31 Dec 2025 00:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("1.5", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value}");
        }
    }
}
