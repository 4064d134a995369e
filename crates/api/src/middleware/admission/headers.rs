//! `RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers has them: lists of structured fields.

use axum::http::{HeaderMap, HeaderValue};
use headshot_backend::{Allowance, Taken};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::Limit;
use crate::error::problem::seconds;

/// Says which limits hold for the call that is being answered, and what is left of each.
pub(super) fn write(headers: &mut HeaderMap, taken: &[(Limit, Allowance, Taken)]) {
    let list = |item: &dyn Fn(&(Limit, Allowance, Taken)) -> String| {
        taken.iter().map(item).collect::<Vec<_>>().join(", ")
    };
    let policy = list(&|(limit, allowance, _)| {
        format!("\"{}\";q={};w={}", limit.name(), allowance.capacity, window(allowance))
    });
    let state = list(&|(limit, _, taken)| {
        let left = if taken.granted { taken.left } else { 0 };
        format!("\"{}\";r={left};t={}", limit.name(), seconds(taken.full_in.max(taken.retry_after)))
    });
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", state)] {
        if let Some(value) = HeaderValue::try_from(value).ok().filter(|value| !value.is_empty()) {
            headers.insert(name, value);
        }
    }
}

/// The seconds in which a bucket fills, or those of the month.
fn window(allowance: &Allowance) -> i64 {
    let Some(ends) = allowance.ends else { return 60 };
    let begins =
        ends.to_zoned(jiff::tz::TimeZone::UTC).checked_sub(1.month()).map_or(ends, |at| at.timestamp());
    let length: SignedDuration = Timestamp::duration_since(ends, begins);
    length.as_secs()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_fields_are_lists_of_names_with_whole_numbers() {
        let taken = |granted, left| Taken {
            granted,
            left,
            retry_after: if granted { Duration::ZERO } else { Duration::from_millis(1500) },
            full_in: Duration::from_secs(30),
        };
        let month = Allowance {
            bucket: "m".into(),
            capacity: 1000,
            per_minute: 0,
            ends: Some("2026-12-01T00:00:00Z".parse().unwrap()),
        };
        let mut headers = HeaderMap::new();
        let key = Allowance::per_minute("k".into(), 100);
        write(&mut headers, &[(Limit::Key, key, taken(true, 50)), (Limit::Month, month, taken(false, 7))]);
        assert_eq!(headers["ratelimit-policy"], "\"key\";q=100;w=60, \"month\";q=1000;w=2592000");
        assert_eq!(headers["ratelimit"], "\"key\";r=50;t=30, \"month\";r=0;t=30");
        assert_eq!(seconds(Duration::from_millis(1500)), 2);
        let mut none = HeaderMap::new();
        write(&mut none, &[]);
        assert!(none.is_empty());
    }
}
