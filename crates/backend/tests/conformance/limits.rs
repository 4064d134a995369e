//! Limits that several processes count together.

use std::time::Instant;

use headshot_backend::{Allowance, Limits};
use jiff::{SignedDuration, Timestamp};

use super::support::TestBackend;

/// A limit of this test's own.
fn a_minute(calls: u64) -> Allowance {
    Allowance::per_minute(format!("key:k_{}", headshot_core::JobId::new()), calls)
}

fn a_month(photos: u64) -> Allowance {
    let ends = Timestamp::now() + SignedDuration::from_hours(48);
    Allowance {
        bucket: format!("month:{}", headshot_core::JobId::new()),
        capacity: photos,
        per_minute: 0,
        ends: Some(ends),
    }
}

/// Calls until it is refused; how often it was let in.
async fn drain(limits: &Limits, allowance: &Allowance) -> u64 {
    let mut granted = 0;
    while limits.take(allowance).await.granted {
        granted += 1;
    }
    granted
}

pub async fn two_processes_share_a_limit_to_within_a_tenth(test: &TestBackend) {
    let other = test.another_process().await;
    let (one, two) = (&test.backend.limits, &other.limits);
    let allowance = a_minute(200);
    let began = Instant::now();
    let (mut granted, mut refused) = (0, 0);
    while refused < 4 {
        for limits in [one, two] {
            if limits.take(&allowance).await.granted { granted += 1 } else { refused += 1 }
        }
    }
    // What has come back meanwhile may be used as well.
    let most = 200 + u64::try_from(began.elapsed().as_millis()).unwrap() * 200 / 60_000 + 1;
    assert!((180..=most).contains(&granted), "{granted} of 200, and no more than {most}");
}

pub async fn racing_calls_never_get_more_than_there_is(test: &TestBackend) {
    let other = test.another_process().await;
    let quota = a_month(60);
    let mut racers = Vec::new();
    for number in 0..100 {
        let limits = if number % 2 == 0 { &test.backend.limits } else { &other.limits }.clone();
        let quota = quota.clone();
        racers.push(tokio::spawn(async move { limits.take(&quota).await.granted }));
    }
    let mut granted = 0;
    for racer in racers {
        granted += u64::from(racer.await.unwrap());
    }
    assert!((54..=60).contains(&granted), "{granted} of 60");
}

pub async fn a_limit_fills_again_when_it_said_it_would(test: &TestBackend) {
    let limits = &test.backend.limits;
    let allowance = a_minute(120);
    assert!(drain(limits, &allowance).await >= 120);
    let refused = limits.take(&allowance).await;
    assert!(!refused.granted && refused.left == 0, "{refused:?}");
    assert!(limits.empty_for(&allowance.bucket).await.is_some());
    tokio::time::sleep(refused.retry_after).await;
    assert!(limits.take(&allowance).await.granted);
}

pub async fn a_quota_does_not_come_back_before_its_end(test: &TestBackend) {
    let quota = a_month(7);
    let first = test.backend.limits.take(&quota).await;
    assert_eq!((first.granted, first.left), (true, 6));
    assert_eq!(drain(&test.backend.limits, &quota).await, 6);
    let other = test.another_process().await;
    let refused = other.limits.take(&quota).await;
    assert!(!refused.granted && refused.retry_after.as_secs() > 47 * 3600, "{refused:?}");
    assert!(
        other.limits.take(&Allowance { capacity: 8, ..quota.clone() }).await.granted,
        "a larger one counts at once"
    );
}

pub async fn what_is_put_back_is_there_again(test: &TestBackend) {
    let limits = &test.backend.limits;
    let quota = a_month(2);
    assert_eq!(drain(limits, &quota).await, 2);
    limits.put_back(&quota).await;
    assert!(limits.take(&quota).await.granted);
    assert!(!limits.take(&quota).await.granted);
    // Whoever has it left over hands it to the others as soon as they ask again themselves.
    limits.put_back(&quota).await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    assert!(limits.take(&quota).await.granted);
    let other = test.another_process().await;
    assert!(!other.limits.take(&quota).await.granted);
}
