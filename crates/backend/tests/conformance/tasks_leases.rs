//! The queue's leases: what is refused, forgotten or given back comes again, and what is extended does not.

use std::time::Instant;

use headshot_core::JobId;
use tokio::time::sleep;

use super::support::{QUIET, TestBackend, next, nothing_comes, task};

pub async fn a_refused_task_comes_again_later(test: &TestBackend) {
    let tasks = &test.backend.tasks;
    let task = task(JobId::new());
    tasks.publish(&task, Some("00-aa-bb-01")).await.unwrap();
    let mut subscription = tasks.subscribe(1).await.unwrap();
    let mut waits = Vec::new();
    for attempt in 1..=4 {
        let asked = Instant::now();
        let delivery = next(&mut subscription).await;
        waits.push(asked.elapsed());
        assert_eq!(delivery.task(), Ok(&task));
        assert_eq!((delivery.attempt(), delivery.traceparent()), (attempt, Some("00-aa-bb-01")));
        delivery.nack("storage is away").await;
    }
    // Twice doubled, which is more than jitter and polling can blur.
    assert!(waits[3] > waits[1], "the waits do not grow: {waits:?}");
    next(&mut subscription).await.ack().await;
    nothing_comes(&mut subscription, QUIET).await;
}

pub async fn a_forgotten_delivery_comes_again(test: &TestBackend) {
    let tasks = &test.backend.tasks;
    let task = task(JobId::new());
    tasks.publish(&task, None).await.unwrap();
    let mut subscription = tasks.subscribe(1).await.unwrap();
    // The worker is killed.
    drop(next(&mut subscription).await);
    drop(subscription);
    let mut successor = test.another_process().await.tasks.subscribe(1).await.unwrap();
    let delivery = next(&mut successor).await;
    assert_eq!((delivery.task(), delivery.attempt()), (Ok(&task), 2));
    delivery.ack().await;
}

pub async fn an_extended_delivery_does_not_come_again(test: &TestBackend) {
    let tasks = &test.backend.tasks;
    tasks.publish(&task(JobId::new()), None).await.unwrap();
    let mut subscription = tasks.subscribe(1).await.unwrap();
    let mut rival = tasks.subscribe(1).await.unwrap();
    let delivery = next(&mut subscription).await;
    for _ in 0..6 {
        nothing_comes(&mut rival, test.task_lease / 3).await;
        assert!(delivery.extend().await.unwrap());
    }
    delivery.ack().await;
    nothing_comes(&mut rival, test.task_lease + QUIET).await;
}

pub async fn a_task_given_back_comes_again_at_once(test: &TestBackend) {
    let tasks = &test.backend.tasks;
    let task = task(JobId::new());
    tasks.publish(&task, None).await.unwrap();
    let mut subscription = tasks.subscribe(1).await.unwrap();
    let delivery = next(&mut subscription).await;
    let mut successor = test.another_process().await.tasks.subscribe(1).await.unwrap();
    let given_back = Instant::now();
    delivery.give_back().await;
    let delivery = next(&mut successor).await;
    assert!(given_back.elapsed() < test.task_lease, "it came only after {:?}", given_back.elapsed());
    assert_eq!(delivery.task(), Ok(&task));
    delivery.ack().await;
    sleep(QUIET).await;
    nothing_comes(&mut subscription, QUIET).await;
}
