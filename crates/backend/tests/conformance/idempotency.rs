//! Idempotency keys: one job a key, whatever races, sleeps or dies.

use std::time::Duration;

use headshot_backend::{Answered, Begun, Idempotency, Reservation};
use headshot_core::Tenant;
use jiff::Timestamp;
use tokio::time::sleep;

use super::support::{LONG, TestBackend, accepted};

pub async fn a_key_is_answered_with_its_job_from_then_on(test: &TestBackend) {
    let (keys, record) = (&test.backend.idempotency, accepted());
    let reservation = reserved(begin(keys, "order-1001", LONG).await);
    let Begun::InFlight { until } = begin(keys, "order-1001", LONG).await else { panic!("it is under way") };
    assert!(until > Timestamp::now());
    assert_eq!(keys.answered(&Tenant::anonymous(), "order-1001").await.unwrap(), None);

    assert!(test.backend.jobs.create_reserved(&record, &reservation, "f1").await.unwrap());
    assert_eq!(test.backend.jobs.get(record.job_id).await.unwrap(), Some(record.clone()));
    let answer = Answered { job_id: record.job_id, fingerprint: "f1".into() };
    let answered = Begun::Answered(answer.clone());
    let elsewhere = test.another_process().await.idempotency;
    for keys in [keys, &elsewhere] {
        assert_eq!(keys.answered(&Tenant::anonymous(), "order-1001").await.unwrap(), Some(answer.clone()));
        assert_eq!(begin(keys, "order-1001", LONG).await, answered);
    }
    // The holder's clean-up, which comes whatever happened, takes nothing back.
    keys.release(&reservation).await.unwrap();
    assert!(!keys.renew(&reservation, LONG).await.unwrap());
    assert_eq!(begin(keys, "order-1001", LONG).await, answered);
}

pub async fn of_eight_racing_requests_one_gets_the_key(test: &TestBackend) {
    let elsewhere = test.another_process().await.idempotency;
    let racers = (0..8).map(|n| {
        let keys = if n % 2 == 0 { test.backend.idempotency.clone() } else { elsewhere.clone() };
        tokio::spawn(async move { begin(&keys, "double-click", LONG).await })
    });
    let mut won = 0;
    for racer in racers.collect::<Vec<_>>() {
        match racer.await.unwrap() {
            Begun::Reserved(_) => won += 1,
            Begun::InFlight { .. } => {}
            Begun::Answered(answered) => panic!("nobody has answered it: {answered:?}"),
        }
    }
    assert_eq!(won, 1);
}

pub async fn a_key_given_back_is_as_new(test: &TestBackend) {
    let keys = &test.backend.idempotency;
    let first = reserved(begin(keys, "k", LONG).await);
    keys.release(&first).await.unwrap();
    keys.release(&first).await.unwrap();
    let second = reserved(begin(keys, "k", LONG).await);
    assert_ne!(first, second);
    // A release that comes late is not the second holder's.
    keys.release(&first).await.unwrap();
    assert!(matches!(begin(keys, "k", LONG).await, Begun::InFlight { .. }));
    assert!(!test.backend.jobs.create_reserved(&accepted(), &first, "f").await.unwrap());
}

pub async fn a_lapsed_reservation_is_taken_over_and_its_holder_makes_no_job(test: &TestBackend) {
    let (keys, jobs) = (&test.backend.idempotency, &test.backend.jobs);
    let asleep = reserved(begin(keys, "k", Duration::from_millis(1)).await);
    sleep(Duration::from_millis(50)).await;
    let awake = reserved(begin(keys, "k", LONG).await);

    let (late, ours) = (accepted(), accepted());
    assert!(!jobs.create_reserved(&late, &asleep, "f").await.unwrap());
    assert_eq!(jobs.get(late.job_id).await.unwrap(), None, "neither answer nor job");
    assert!(!keys.renew(&asleep, LONG).await.unwrap());
    assert!(jobs.create_reserved(&ours, &awake, "f").await.unwrap());
    assert!(!jobs.create_reserved(&late, &asleep, "f").await.unwrap());
    let answered = Begun::Answered(Answered { job_id: ours.job_id, fingerprint: "f".into() });
    assert_eq!(begin(keys, "k", LONG).await, answered);

    // Lapsed, but wanted by nobody else: the holder may still answer.
    let slow = reserved(begin(keys, "slow", Duration::from_millis(1)).await);
    sleep(Duration::from_millis(50)).await;
    assert!(jobs.create_reserved(&late, &slow, "f").await.unwrap());
}

pub async fn a_renewed_reservation_is_not_taken_over(test: &TestBackend) {
    let keys = &test.backend.idempotency;
    let reservation = reserved(begin(keys, "k", Duration::from_millis(1)).await);
    assert!(keys.renew(&reservation, LONG).await.unwrap());
    sleep(Duration::from_millis(50)).await;
    assert!(matches!(begin(keys, "k", LONG).await, Begun::InFlight { .. }));
    assert!(test.backend.jobs.create_reserved(&accepted(), &reservation, "f").await.unwrap());
}

pub async fn keys_of_two_tenants_are_two_keys(test: &TestBackend) {
    let keys = &test.backend.idempotency;
    let (acme, other): (Tenant, Tenant) = ("acme".parse().unwrap(), "acme-2".parse().unwrap());
    reserved(keys.begin(&acme, "k", LONG).await.unwrap());
    reserved(keys.begin(&other, "k", LONG).await.unwrap());
    assert!(matches!(keys.begin(&acme, "k", LONG).await.unwrap(), Begun::InFlight { .. }));
    // Whatever a client may send as a key is one, and no other.
    for odd in ["", " ", "../k", "k/k", "K", "__k__", "k\u{0}", &"k".repeat(255), "ключ 🐶"] {
        reserved(keys.begin(&acme, odd, LONG).await.unwrap());
    }
}

pub async fn a_job_that_exists_answers_no_key(test: &TestBackend) {
    let (keys, jobs, record) = (&test.backend.idempotency, &test.backend.jobs, accepted());
    jobs.create(&record).await.unwrap();
    let reservation = reserved(begin(keys, "k", LONG).await);
    jobs.create_reserved(&record, &reservation, "f").await.unwrap_err();
    assert!(matches!(begin(keys, "k", LONG).await, Begun::InFlight { .. }), "both or neither");
}

pub async fn of_eight_racing_answers_one_is_given(test: &TestBackend) {
    let (keys, jobs) = (&test.backend.idempotency, &test.backend.jobs);
    let elsewhere = test.another_process().await.jobs;
    let reservation = reserved(begin(keys, "k", LONG).await);
    let racers = (0..8).map(|n| {
        let jobs = if n % 2 == 0 { jobs.clone() } else { elsewhere.clone() };
        let (record, reservation) = (accepted(), reservation.clone());
        tokio::spawn(async move {
            let made = jobs.create_reserved(&record, &reservation, "f").await.unwrap();
            assert_eq!(jobs.get(record.job_id).await.unwrap().is_some(), made, "a job if an answer");
            made
        })
    });
    let mut made = 0;
    for racer in racers.collect::<Vec<_>>() {
        made += usize::from(racer.await.unwrap());
    }
    assert_eq!(made, 1);
}

async fn begin(keys: &Idempotency, key: &str, lease: Duration) -> Begun {
    keys.begin(&Tenant::anonymous(), key, lease).await.unwrap()
}

#[track_caller]
fn reserved(begun: Begun) -> Reservation {
    match begun {
        Begun::Reserved(reservation) => reservation,
        other => panic!("the key is not free: {other:?}"),
    }
}
