//! The queue: everything published is delivered, to one at a time, and gone when acknowledged.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use headshot_backend::{QueueDepth, Subscription};
use headshot_core::{JobId, TaskMessageError};
use tokio::time::{sleep, timeout};

use super::support::{EVENTUALLY, QUIET, TestBackend, next, nothing_comes, task};

pub async fn a_task_is_delivered_and_acknowledged(test: &TestBackend) {
    let tasks = &test.backend.tasks;
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let task = task(JobId::new());
    let mut subscription = tasks.subscribe(4).await.unwrap();
    tasks.publish(&task, Some(traceparent)).await.unwrap();
    let delivery = next(&mut subscription).await;
    assert_eq!(delivery.task(), Ok(&task));
    assert_eq!((delivery.attempt(), delivery.traceparent()), (1, Some(traceparent)));
    delivery.ack().await;
    nothing_comes(&mut subscription, test.task_lease + QUIET).await;

    let untraced = super::support::task(JobId::new());
    tasks.publish(&untraced, None).await.unwrap();
    let delivery = next(&mut subscription).await;
    assert_eq!((delivery.task(), delivery.traceparent()), (Ok(&untraced), None));
    delivery.ack().await;
}

pub async fn every_task_of_many_is_delivered(test: &TestBackend) {
    let published = publish_many(test, 50).await;
    let mut subscription = test.backend.tasks.subscribe(5).await.unwrap();
    let mut delivered = HashSet::new();
    while delivered.len() < published.len() {
        let delivery = next(&mut subscription).await;
        delivered.insert(delivery.task().unwrap().job_id);
        delivery.ack().await;
    }
    assert_eq!(delivered, published);
}

pub async fn two_subscribers_share_the_work(test: &TestBackend) {
    let tasks = &test.backend.tasks;
    let subscriptions = [tasks.subscribe(2).await.unwrap(), tasks.subscribe(2).await.unwrap()];
    share(test, subscriptions).await;
}

pub async fn two_processes_share_the_queue(test: &TestBackend) {
    let other = test.another_process().await;
    let subscriptions =
        [test.backend.tasks.subscribe(2).await.unwrap(), other.tasks.subscribe(2).await.unwrap()];
    share(test, subscriptions).await;
}

pub async fn a_malformed_body_is_delivered_as_such(test: &TestBackend) {
    let tasks = &test.backend.tasks;
    let mut subscription = tasks.subscribe(1).await.unwrap();
    tasks.publish_body(Bytes::from_static(b"\xff\x00 not a task"), None).await.unwrap();
    let delivery = next(&mut subscription).await;
    assert!(matches!(delivery.task(), Err(TaskMessageError::Malformed(_))));
    delivery.dead_letter("not a task").await;

    tasks.publish_body(Bytes::from_static(br#"{"v":9,"from":"the future"}"#), None).await.unwrap();
    let delivery = next(&mut subscription).await;
    assert_eq!(delivery.task(), Err(&TaskMessageError::UnknownVersion(9)));
    delivery.ack().await;
}

pub async fn a_dead_letter_does_not_come_again(test: &TestBackend) {
    let tasks = &test.backend.tasks;
    let mut subscription = tasks.subscribe(1).await.unwrap();
    tasks.publish(&task(JobId::new()), None).await.unwrap();
    next(&mut subscription).await.dead_letter("attempts used up").await;
    nothing_comes(&mut subscription, test.task_lease + QUIET).await;
}

pub async fn no_more_are_outstanding_than_asked_for(test: &TestBackend) {
    publish_many(test, 3).await;
    let mut subscription = test.backend.tasks.subscribe(2).await.unwrap();
    let first = next(&mut subscription).await;
    let second = next(&mut subscription).await;
    nothing_comes(&mut subscription, QUIET).await;
    first.ack().await;
    let third = next(&mut subscription).await;
    third.ack().await;
    second.ack().await;
}

pub async fn a_cancelled_wait_loses_nothing(test: &TestBackend) {
    let published = publish_many(test, 20).await;
    let mut subscription = test.backend.tasks.subscribe(5).await.unwrap();
    let mut delivered = HashSet::new();
    let started = Instant::now();
    while delivered.len() < published.len() {
        assert!(started.elapsed() < EVENTUALLY);
        // Most of these waits are cancelled in the middle of something.
        if let Ok(delivery) = timeout(Duration::from_micros(150), subscription.next()).await {
            let delivery = delivery.unwrap();
            assert_eq!(delivery.attempt(), 1, "a cancelled wait used up an attempt");
            assert!(delivered.insert(delivery.task().unwrap().job_id));
            delivery.ack().await;
        }
    }
    assert_eq!(delivered, published);

    // A subscription that is dropped while it waits holds nothing back either.
    let last = task(JobId::new());
    test.backend.tasks.publish(&last, None).await.unwrap();
    let _ = timeout(Duration::from_micros(100), subscription.next()).await;
    drop(subscription);
    let mut fresh = test.backend.tasks.subscribe(1).await.unwrap();
    let delivery = next(&mut fresh).await;
    assert_eq!(delivery.task(), Ok(&last));
    delivery.ack().await;
}

pub async fn the_depth_says_what_is_where(test: &TestBackend) {
    let tasks = &test.backend.tasks;
    if !test.knows_its_depth {
        assert!(tasks.depth().await.is_err(), "what is not known must not be reported as zero");
        return;
    }
    assert_eq!(tasks.depth().await.unwrap(), QueueDepth::default());
    publish_many(test, 4).await;
    sleep(Duration::from_millis(20)).await;
    let depth = tasks.depth().await.unwrap();
    assert_eq!((depth.ready, depth.delayed, depth.leased, depth.dead), (4, 0, 0, 0));
    assert!(depth.oldest_age.is_some_and(|age| age >= Duration::from_millis(20) && age < EVENTUALLY));

    let mut subscription = tasks.subscribe(4).await.unwrap();
    let held = next(&mut subscription).await;
    next(&mut subscription).await.nack("the disk is full").await;
    next(&mut subscription).await.dead_letter("attempts used up").await;
    let depth = tasks.depth().await.unwrap();
    assert_eq!((depth.ready, depth.delayed, depth.leased, depth.dead), (1, 1, 1, 1));
    held.ack().await;
}

async fn publish_many(test: &TestBackend, count: usize) -> HashSet<JobId> {
    let mut published = HashSet::new();
    for _ in 0..count {
        let task = task(JobId::new());
        test.backend.tasks.publish(&task, None).await.unwrap();
        published.insert(task.job_id);
    }
    published
}

/// Two subscriptions, with work that takes a moment, together get every task, once, and each gets some.
async fn share(test: &TestBackend, subscriptions: [Subscription; 2]) {
    let shares = [const { AtomicUsize::new(0) }; 2].map(Arc::new);
    let mut workers = Vec::new();
    for (mut subscription, share) in subscriptions.into_iter().zip(shares.clone()) {
        workers.push(tokio::spawn(async move {
            let mut done = Vec::new();
            loop {
                match timeout(Duration::from_secs(3), subscription.next()).await {
                    Ok(delivery) => {
                        let delivery = delivery.unwrap();
                        sleep(Duration::from_millis(20)).await;
                        done.push(delivery.task().unwrap().job_id);
                        delivery.ack().await;
                        share.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(_) if done.is_empty() => {}
                    Err(_) => return done,
                }
            }
        }));
    }
    let mut published = publish_many(test, 40).await;
    // A queue may hand all that waits to whoever asks first, as Pub/Sub's emulator does twenty times a second. So there is
    // more work until both have had some.
    let started = Instant::now();
    while shares.iter().any(|share| share.load(Ordering::Relaxed) == 0) {
        assert!(started.elapsed() < EVENTUALLY, "one of the two gets nothing");
        sleep(Duration::from_millis(200)).await;
        published.extend(publish_many(test, 10).await);
    }
    let mut delivered = Vec::new();
    for worker in workers {
        delivered.extend(worker.await.unwrap());
    }
    assert_eq!(delivered.len(), published.len());
    assert_eq!(delivered.into_iter().collect::<HashSet<_>>(), published);
}
