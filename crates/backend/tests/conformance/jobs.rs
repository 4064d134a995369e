//! Records: created once, claimed by one, moved by nobody but the claimant, and at rest once they have ended.

use std::time::Duration;

use headshot_backend::{Claim, Finish, Made};
use headshot_core::{
    ArtefactInfo, Failure, Head, HeadSource, JobId, JobRecord, Metric, ModelInfo, Quality, Reason, Rendition,
    Severity, Stage, Status,
};
use jiff::Timestamp;
use tokio::time::sleep;

use super::support::{LONG, TestBackend, accepted, claimed};

/// A lease that lapses within a test, and the time after which it has.
const SHORT: Duration = Duration::from_millis(300);
const LAPSED: Duration = Duration::from_millis(450);

pub async fn a_record_comes_back_as_it_was_written(test: &TestBackend) {
    let record = accepted();
    test.backend.jobs.create(&record).await.unwrap();
    assert_eq!(test.backend.jobs.get(record.job_id).await.unwrap().unwrap(), record);
    assert_eq!(test.another_process().await.jobs.get(record.job_id).await.unwrap().unwrap(), record);
}

pub async fn an_id_is_created_once(test: &TestBackend) {
    let record = accepted();
    test.backend.jobs.create(&record).await.unwrap();
    let second = JobRecord { order_id: Some("another".into()), ..record.clone() };
    let error = test.backend.jobs.create(&second).await.unwrap_err();
    assert!(error.to_string().contains(&record.job_id.to_string()), "{error:#}");
    assert_eq!(test.backend.jobs.get(record.job_id).await.unwrap().unwrap(), record);
}

pub async fn a_claim_is_written_into_the_record(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let before = Timestamp::now();
    let claim = claimed(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
    let stored = jobs.get(record.job_id).await.unwrap().unwrap();
    assert_eq!(claim.record(), &stored);
    assert_eq!((stored.status, stored.attempt, stored.stage), (Status::Processing, 1, Some(Stage::Fetch)));
    let lease = stored.lease.unwrap();
    assert_eq!(lease.worker, "worker-1");
    assert!(lease.until > before + LONG / 2);
    assert!(stored.started_at.is_some() && stored.updated_at >= record.updated_at);
    assert_eq!(stored.upload, record.upload);
    assert!(
        matches!(jobs.claim(record.job_id, "worker-2", LONG).await.unwrap(), Claim::Held { until } if until == lease.until)
    );
}

pub async fn of_eight_racing_workers_one_wins(test: &TestBackend) {
    let other = test.another_process().await;
    for _ in 0..10 {
        let record = accepted();
        test.backend.jobs.create(&record).await.unwrap();
        let racers = (0..8).map(|n| {
            let jobs = if n % 2 == 0 { test.backend.jobs.clone() } else { other.jobs.clone() };
            tokio::spawn(
                async move { jobs.claim(record.job_id, &format!("worker-{n}"), LONG).await.unwrap() },
            )
        });
        let mut winners = 0;
        for racer in racers.collect::<Vec<_>>() {
            match racer.await.unwrap() {
                Claim::Claimed(_) => winners += 1,
                Claim::Held { .. } => {}
                odd => panic!("neither won nor held: {odd:?}"),
            }
        }
        assert_eq!(winners, 1);
        assert_eq!(test.backend.jobs.get(record.job_id).await.unwrap().unwrap().attempt, 1);
    }
}

pub async fn a_lapsed_lease_is_taken_over(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let old = claimed(jobs.claim(record.job_id, "worker", SHORT).await.unwrap());
    sleep(LAPSED).await;
    // The same worker's name: it has restarted, say, and must still not be taken for its former self.
    let new = claimed(jobs.claim(record.job_id, "worker", LONG).await.unwrap());
    assert_eq!((old.attempt(), new.attempt()), (1, 2));
    assert_eq!(new.record().started_at, old.record().started_at, "it started when it first started");

    assert!(!jobs.renew(&old, Stage::Matting, LONG).await.unwrap());
    assert!(!jobs.release(&old, "late").await.unwrap());
    assert!(!jobs.finish(&old, failed()).await.unwrap());
    assert_eq!(
        &jobs.get(record.job_id).await.unwrap().unwrap(),
        new.record(),
        "the late worker changed nothing"
    );
    assert!(jobs.finish(&new, done(record.job_id)).await.unwrap());
}

pub async fn renewal_keeps_a_lease(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let claim = claimed(jobs.claim(record.job_id, "worker-1", SHORT).await.unwrap());
    assert!(jobs.renew(&claim, Stage::Matting, LONG).await.unwrap());
    sleep(LAPSED).await;
    assert!(matches!(jobs.claim(record.job_id, "worker-2", LONG).await.unwrap(), Claim::Held { .. }));
    let stored = jobs.get(record.job_id).await.unwrap().unwrap();
    assert_eq!(stored.stage, Some(Stage::Matting));
    assert!(stored.updated_at > claim.record().updated_at);
}

pub async fn finishing_stores_everything(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let claim = claimed(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
    let Finish::Done { outputs, quality, head, model, .. } = done(record.job_id) else { unreachable!() };
    assert!(jobs.finish(&claim, done(record.job_id)).await.unwrap());
    let stored = test.another_process().await.jobs.get(record.job_id).await.unwrap().unwrap();
    assert_eq!((stored.status, &stored.lease, &stored.error), (Status::Done, &None, &None));
    assert_eq!(
        (stored.outputs, stored.quality, stored.head, stored.model),
        (outputs, Some(quality), Some(head), Some(model))
    );
    assert!(stored.finished_at.is_some() && stored.finished_at == Some(stored.updated_at));
}

pub async fn failing_stores_the_reason(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let claim = claimed(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
    let Finish::Failed { failure, quality, message_for_support, .. } = failed() else { unreachable!() };
    assert!(jobs.finish(&claim, failed()).await.unwrap());
    let stored = jobs.get(record.job_id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.error, stored.quality), (Status::Failed, Some(failure), quality));
    assert_eq!(
        (stored.message_for_support, stored.outputs, stored.lease),
        (message_for_support, vec![], None)
    );
}

pub async fn a_finished_job_never_moves(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    for (outcome, status) in [(done(JobId::new()), Status::Done), (failed(), Status::Failed)] {
        let record = accepted();
        jobs.create(&record).await.unwrap();
        let claim = claimed(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
        assert!(jobs.finish(&claim, outcome).await.unwrap());
        let at_rest = jobs.get(record.job_id).await.unwrap().unwrap();

        assert_eq!(jobs.claim(record.job_id, "worker-2", LONG).await.unwrap(), Claim::Finished(status));
        assert!(!jobs.renew(&claim, Stage::Store, LONG).await.unwrap());
        assert!(!jobs.finish(&claim, done(record.job_id)).await.unwrap());
        assert!(!jobs.finish(&claim, failed()).await.unwrap());
        assert!(!jobs.release(&claim, "again").await.unwrap());
        assert!(!jobs.mark_republished(&at_rest).await.unwrap());
        assert!(!jobs.fail_abandoned(&at_rest, failure()).await.unwrap());
        assert_eq!(jobs.get(record.job_id).await.unwrap().unwrap(), at_rest);
    }
}

pub async fn a_released_job_can_be_claimed_again(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let first = claimed(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
    assert!(jobs.release(&first, "The disk was full; it will be tried again.").await.unwrap());
    let released = jobs.get(record.job_id).await.unwrap().unwrap();
    assert_eq!((released.status, released.lease, released.attempt), (Status::Queued, None, 1));
    assert_eq!(released.message_for_support, "The disk was full; it will be tried again.");
    assert!(!jobs.release(&first, "twice").await.unwrap());
    assert_eq!(claimed(jobs.claim(record.job_id, "worker-2", LONG).await.unwrap()).attempt(), 2);
}

pub async fn of_a_worker_that_ended_without_a_word_only_somebody_alone_gets_the_job(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let soon = Duration::from_millis(100);
    assert!(matches!(
        jobs.claim_beside_others(record.job_id, "worker-1", soon).await.unwrap(),
        Claim::Claimed(_)
    ));
    tokio::time::sleep(soon + Duration::from_millis(50)).await;
    let before = jobs.get(record.job_id).await.unwrap();
    assert_eq!(jobs.claim_beside_others(record.job_id, "worker-2", LONG).await.unwrap(), Claim::Suspect);
    assert_eq!(jobs.get(record.job_id).await.unwrap(), before, "nobody is charged for it");
    let alone = claimed(jobs.claim(record.job_id, "worker-2", LONG).await.unwrap());
    assert_eq!(alone.attempt(), 2);
    // One that was given back in words is like any other.
    assert!(jobs.release(&alone, "It failed.").await.unwrap());
    let third = jobs.claim_beside_others(record.job_id, "worker-3", LONG).await.unwrap();
    assert_eq!(claimed(third).attempt(), 3);
}

pub async fn a_dead_letter_is_owed_until_it_is_sent(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let claim = claimed(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
    let Finish::Failed { failure, quality, head, model, message_for_support, .. } = failed() else {
        unreachable!()
    };
    let dead_letter = Some("index out of bounds".to_owned());
    let given_up = Finish::Failed { failure, quality, head, model, message_for_support, dead_letter };
    assert!(jobs.finish(&claim, given_up).await.unwrap());
    let owed = Claim::DeadLetterOwed("index out of bounds".into());
    assert_eq!(jobs.claim_beside_others(record.job_id, "worker-2", LONG).await.unwrap(), owed);
    assert!(jobs.dead_letter_sent(record.job_id).await.unwrap());
    assert!(!jobs.dead_letter_sent(record.job_id).await.unwrap(), "once");
    let again = jobs.claim_beside_others(record.job_id, "worker-2", LONG).await.unwrap();
    assert_eq!(again, Claim::Finished(Status::Failed));
}

pub async fn a_missing_job_is_missing(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    assert_eq!(jobs.get(record.job_id).await.unwrap(), None);
    assert_eq!(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap(), Claim::Missing);
    assert!(!jobs.mark_republished(&record).await.unwrap());
    assert!(!jobs.fail_abandoned(&record, failure()).await.unwrap());
    assert_eq!(jobs.get(record.job_id).await.unwrap(), None);
}

fn failure() -> Failure {
    Failure { code: "internal".into(), message: "Something went wrong on our side.".into() }
}

fn failed() -> Finish {
    let reason =
        Reason { code: "no_pet_found".into(), severity: Severity::Reject, message: "We see no pet.".into() };
    Finish::Failed {
        failure: failure(),
        quality: Some(Quality::new(
            vec![Metric { name: "subject_share".into(), value: 0.001 }],
            vec![reason],
        )),
        head: None,
        model: None,
        message_for_support: "No subject in the picture.".into(),
        dead_letter: None,
    }
}

pub fn done(job: JobId) -> Finish {
    let artefact = |rendition: Rendition| ArtefactInfo {
        rendition,
        key: format!("{job}/outputs/{}", rendition.file_name()),
        width: 1280,
        height: 1600,
        bytes: 987_654,
        sha256: "ab".repeat(32),
    };
    Finish::Done {
        outputs: Rendition::ALL.map(artefact).to_vec(),
        quality: Quality::new(vec![Metric { name: "sharpness".into(), value: 0.731_25 }], vec![]),
        head: Head {
            x: 812.5,
            y: 433.25,
            width: 900.0,
            height: 1100.0,
            confidence: 0.93,
            source: HeadSource::Model,
        },
        model: ModelInfo { name: "pet-matte-2".into(), sha256: "cd".repeat(32), provider: "cpu".into() },
        made: Made::Rendered { key: "f00d".into() },
        message_for_support: "Rendered in 0.6 s on the first attempt.".into(),
    }
}
