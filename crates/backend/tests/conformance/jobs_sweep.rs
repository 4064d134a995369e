//! The sweep: what it finds, what it leaves alone, and that two of them do not do the same work.

use std::time::Duration;

use headshot_backend::JobCounts;
use headshot_core::{Failure, JobId, Status};
use tokio::time::sleep;

use super::support::{LONG, TestBackend, accepted, accepted_ago, claimed};

const MINUTE: Duration = Duration::from_secs(60);

pub async fn the_sweep_finds_what_is_forgotten(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    // The API was killed between record and publish.
    let forgotten = accepted_ago(5 * MINUTE);
    let longer = accepted_ago(9 * MINUTE);
    // A worker was killed in the middle, and its message is lost too.
    let orphan = accepted();
    for record in [&forgotten, &longer, &orphan] {
        jobs.create(record).await.unwrap();
    }
    claimed(jobs.claim(orphan.job_id, "worker-1", Duration::from_millis(1)).await.unwrap());
    sleep(Duration::from_millis(50)).await;

    assert_eq!(found(test, 3 * MINUTE, 10).await, [longer.job_id, forgotten.job_id]);
    assert_eq!(found(test, 3 * MINUTE, 1).await, [longer.job_id]);
    let mut all = found(test, Duration::from_millis(20), 10).await;
    all.retain(|id| *id == orphan.job_id);
    assert_eq!(all, [orphan.job_id], "the orphan is found once its lease has lapsed for long enough");
}

pub async fn the_sweep_leaves_alone_what_is_fresh(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let (waiting, working, finished) = (accepted(), accepted_ago(5 * MINUTE), accepted_ago(5 * MINUTE));
    for record in [&waiting, &working, &finished] {
        jobs.create(record).await.unwrap();
    }
    claimed(jobs.claim(working.job_id, "worker-1", LONG).await.unwrap());
    assert!(jobs.fail_abandoned(&finished, failure()).await.unwrap());
    assert_eq!(found(test, MINUTE, 10).await, []);
}

pub async fn publishing_again_doubles_the_wait(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted_ago(5 * MINUTE);
    jobs.create(&record).await.unwrap();
    let wait = Duration::from_secs(1);
    assert_eq!(found(test, wait, 10).await, [record.job_id]);
    assert!(jobs.mark_republished(&record).await.unwrap());
    let stored = jobs.get(record.job_id).await.unwrap().unwrap();
    assert_eq!((stored.republished, stored.status), (1, Status::Queued));

    sleep(wait + Duration::from_millis(100)).await;
    assert_eq!(found(test, wait, 10).await, [], "the first wait is over, but it is doubled now");
    sleep(wait).await;
    assert_eq!(found(test, wait, 10).await, [record.job_id]);
}

pub async fn what_could_not_be_published_does_not_wait_longer(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted_ago(5 * MINUTE);
    jobs.create(&record).await.unwrap();
    for _ in 0..3 {
        let seen = jobs.get(record.job_id).await.unwrap().unwrap();
        assert!(jobs.mark_republished(&seen).await.unwrap());
        // The queue is away.
        assert!(jobs.unmark_republished(&seen).await.unwrap());
    }
    assert_eq!(jobs.get(record.job_id).await.unwrap(), Some(record.clone()));
    assert_eq!(found(test, MINUTE, 10).await, [record.job_id]);
}

pub async fn a_job_that_a_worker_had_does_not_wait_longer(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted_ago(5 * MINUTE);
    jobs.create(&record).await.unwrap();
    for _ in 0..3 {
        let seen = jobs.get(record.job_id).await.unwrap().unwrap();
        assert!(jobs.mark_republished(&seen).await.unwrap());
    }
    // A worker gets it, and gives it back because storage is away.
    let claim = claimed(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
    assert!(jobs.give_back(&claim, "Waiting.").await.unwrap());
    let wait = Duration::from_secs(1);
    sleep(wait + Duration::from_millis(100)).await;
    assert_eq!(found(test, wait, 10).await, [record.job_id], "the wait is a new job's");
}

pub async fn a_worker_that_is_gone_is_not_said_to_be_at_work(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let held = claimed(jobs.claim(record.job_id, "worker-1", Duration::from_millis(1)).await.unwrap());
    assert!(held.record().message_for_support.starts_with("Worker worker-1 is at work"));
    sleep(Duration::from_millis(20)).await;
    assert!(jobs.mark_republished(held.record()).await.unwrap());
    let message = jobs.get(record.job_id).await.unwrap().unwrap().message_for_support;
    assert_eq!(message, "Worker worker-1 was not heard of again; waiting for another.");
    assert!(jobs.unmark_republished(held.record()).await.unwrap());
    assert_eq!(jobs.get(record.job_id).await.unwrap().as_ref(), Some(held.record()));
}

pub async fn of_two_sweeps_one_publishes(test: &TestBackend) {
    let other = test.another_process().await;
    let record = accepted_ago(5 * MINUTE);
    test.backend.jobs.create(&record).await.unwrap();
    let (one, two) =
        tokio::join!(test.backend.jobs.mark_republished(&record), other.jobs.mark_republished(&record));
    assert_eq!(usize::from(one.unwrap()) + usize::from(two.unwrap()), 1);

    // A worker that claims between the sweep's look and its write wins over the sweep.
    let seen = test.backend.jobs.get(record.job_id).await.unwrap().unwrap();
    claimed(other.jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
    assert!(!test.backend.jobs.mark_republished(&seen).await.unwrap());
}

pub async fn an_abandoned_job_can_be_failed(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let held = claimed(jobs.claim(record.job_id, "worker-1", Duration::from_secs(1)).await.unwrap());
    assert!(!jobs.fail_abandoned(held.record(), failure()).await.unwrap(), "somebody holds it");
    sleep(Duration::from_millis(1200)).await;
    assert!(!jobs.fail_abandoned(&record, failure()).await.unwrap(), "it was written since");
    assert!(jobs.fail_abandoned(held.record(), failure()).await.unwrap());
    let stored = jobs.get(record.job_id).await.unwrap().unwrap();
    assert_eq!((stored.status, &stored.error, &stored.lease), (Status::Failed, &Some(failure()), &None));
    assert_eq!(stored.message_for_support, "Given up after 1 attempt: no worker finished it.");
    assert!(stored.dead_letter_owed.is_some(), "its task, if there is one, is to be set aside");
    assert!(stored.finished_at.is_some());
}

pub async fn unfinished_jobs_are_counted(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    assert_eq!(jobs.counts().await.unwrap(), JobCounts::default());
    let records = [accepted(), accepted(), accepted()];
    for record in &records {
        jobs.create(record).await.unwrap();
    }
    claimed(jobs.claim(records[0].job_id, "worker-1", LONG).await.unwrap());
    assert!(jobs.fail_abandoned(&records[1], failure()).await.unwrap());
    assert_eq!(jobs.counts().await.unwrap(), JobCounts { queued: 1, processing: 1 });
}

async fn found(test: &TestBackend, untouched_for: Duration, limit: usize) -> Vec<JobId> {
    let records = test.backend.jobs.unfinished(untouched_for, limit).await.unwrap();
    records.into_iter().map(|record| record.job_id).collect()
}

fn failure() -> Failure {
    Failure { code: "internal".into(), message: "Something went wrong on our side.".into() }
}
