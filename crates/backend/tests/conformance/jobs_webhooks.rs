//! Webhooks: due with the end of their job and not before, sent by one at a time, and none of the job's business.

use std::time::Duration;

use headshot_backend::{DisabledEndpoint, Finish, Jobs};
use headshot_core::{
    Failure, JobId, JobRecord, Reach, Status, Tenant, Webhook, WebhookDelivery, WebhookState, WebhookUrl,
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;

use super::support::{LONG, TestBackend, accepted, accepted_ago, claimed};

const SHORT: Duration = Duration::from_millis(300);
const LAPSED: Duration = Duration::from_millis(450);

const URL: &str = "https://shop.example/hooks?shop=1";

pub async fn a_webhook_is_due_once_its_job_has_ended(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = wanting();
    jobs.create(&record).await.unwrap();
    assert_eq!(jobs.get(record.job_id).await.unwrap().unwrap(), record);
    let claim = claimed(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
    assert_eq!(due(jobs, 10).await, [], "the job has not ended");
    assert!(jobs.release(&claim, "again").await.unwrap());
    let claim = claimed(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
    assert!(jobs.finish(&claim, refused()).await.unwrap());
    let ended = jobs.get(record.job_id).await.unwrap().unwrap();
    assert_eq!(ended.webhook.as_ref().unwrap().next_at, ended.finished_at, "one write for both");
    assert_eq!(jobs.due_webhooks(10).await.unwrap(), [ended]);
}

pub async fn an_abandoned_job_has_its_webhook_sent_too(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = JobRecord { webhook: wanting().webhook, ..accepted_ago(Duration::from_secs(60)) };
    jobs.create(&record).await.unwrap();
    assert!(jobs.fail_abandoned(&record, failure()).await.unwrap());
    assert_eq!(due(jobs, 10).await, [record.job_id]);
}

pub async fn a_job_without_a_webhook_owes_nobody_any_word(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let claim = claimed(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
    assert!(jobs.finish(&claim, refused()).await.unwrap());
    assert_eq!(due(jobs, 10).await, []);
    let ended = jobs.get(record.job_id).await.unwrap().unwrap();
    assert_eq!(jobs.claim_webhook(&ended, LONG).await.unwrap(), None);
    assert!(!jobs.resend_webhook(record.job_id).await.unwrap());
    assert!(!jobs.resend_webhook(JobId::new()).await.unwrap());
}

pub async fn of_eight_racing_claims_on_a_webhook_one_wins(test: &TestBackend) {
    let other = test.another_process().await;
    let record = ended(&test.backend.jobs).await;
    let racers = (0..8).map(|n| {
        let jobs = if n % 2 == 0 { test.backend.jobs.clone() } else { other.jobs.clone() };
        let record = record.clone();
        tokio::spawn(async move { jobs.claim_webhook(&record, LONG).await.unwrap() })
    });
    let mut winners = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        winners.extend(racer.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    let stored = test.backend.jobs.get(record.job_id).await.unwrap().unwrap();
    assert_eq!(winners[0].record(), &stored);
    assert_eq!(due(&test.backend.jobs, 10).await, []);
}

pub async fn a_webhook_whose_sender_died_is_due_again(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = ended(jobs).await;
    let dead = jobs.claim_webhook(&record, SHORT).await.unwrap().unwrap();
    assert_eq!(due(jobs, 10).await, []);
    sleep(LAPSED).await;
    let found = jobs.due_webhooks(10).await.unwrap();
    assert_eq!(found.len(), 1);
    let alive = jobs.claim_webhook(&found[0], LONG).await.unwrap().unwrap();
    // It was only slow.
    assert!(!jobs.record_delivery(&dead, delivered(dead.record())).await.unwrap());
    assert!(!jobs.give_webhook_back(&dead).await.unwrap());
    assert!(jobs.record_delivery(&alive, delivered(alive.record())).await.unwrap());
}

pub async fn a_delivery_is_recorded_and_nothing_else_moves(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let before = ended(jobs).await;
    let claim = jobs.claim_webhook(&before, LONG).await.unwrap().unwrap();
    let sent = delivered(claim.record());
    assert!(jobs.record_delivery(&claim, sent.clone()).await.unwrap());
    assert!(!jobs.record_delivery(&claim, sent.clone()).await.unwrap(), "once");
    let after = test.another_process().await.jobs.get(before.job_id).await.unwrap().unwrap();
    assert_eq!(after, JobRecord { webhook: Some(sent), ..before });
    assert_eq!((after.status, due(jobs, 10).await), (Status::Failed, vec![]));
    // Support has it sent again: once more from the beginning, and with the old log.
    assert!(jobs.resend_webhook(after.job_id).await.unwrap());
    assert!(!jobs.resend_webhook(after.job_id).await.unwrap(), "it is on its way");
    assert_eq!(due(jobs, 10).await, [after.job_id]);
    let again = jobs.get(after.job_id).await.unwrap().unwrap().webhook.unwrap();
    assert_eq!((again.state, again.attempts, again.deliveries.len()), (WebhookState::Pending, 0, 2));
}

pub async fn a_failed_delivery_is_due_later(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = ended(jobs).await;
    let claim = jobs.claim_webhook(&record, LONG).await.unwrap().unwrap();
    let webhook = claim.record().webhook.clone().unwrap().attempted(attempt(Some(503)));
    let later = micros(Timestamp::now()) + SignedDuration::from_millis(400);
    let webhook = webhook.later(later, "It is tried again.".into());
    assert!(jobs.record_delivery(&claim, webhook).await.unwrap());
    assert_eq!(due(jobs, 10).await, []);
    sleep(Duration::from_millis(600)).await;
    assert_eq!(due(jobs, 10).await, [record.job_id]);
}

pub async fn a_webhook_given_back_is_due_at_once(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = ended(jobs).await;
    let claim = jobs.claim_webhook(&record, LONG).await.unwrap().unwrap();
    assert!(jobs.give_webhook_back(&claim).await.unwrap());
    assert_eq!(due(jobs, 10).await, [record.job_id]);
    let stored = jobs.get(record.job_id).await.unwrap().unwrap();
    assert_eq!(stored.webhook.unwrap().attempts, 0);
}

pub async fn what_is_due_longest_comes_first_and_can_be_postponed(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let first = ended(jobs).await;
    sleep(Duration::from_millis(5)).await;
    let second = ended(jobs).await;
    assert_eq!(due(jobs, 1).await, [first.job_id]);
    assert!(jobs.postpone_webhook(&first, LONG).await.unwrap());
    assert!(!jobs.postpone_webhook(&first, LONG).await.unwrap(), "it is not due any more");
    assert_eq!(due(jobs, 10).await, [second.job_id]);
}

pub async fn a_disabled_endpoint_stays_disabled_until_it_is_enabled(test: &TestBackend) {
    let (jobs, other) = (&test.backend.jobs, test.another_process().await.jobs);
    let (acme, zoo): (Tenant, Tenant) = ("acme".parse().unwrap(), "zoo".parse().unwrap());
    assert_eq!(jobs.disabled_endpoint(&acme, URL).await.unwrap(), None);
    assert!(!jobs.enable_endpoint(&acme, URL).await.unwrap());
    let at = micros(Timestamp::now());
    let gone = DisabledEndpoint { tenant: acme.clone(), url: URL.into(), job_id: JobId::new(), at };
    jobs.disable_endpoint(&gone).await.unwrap();
    // Another job has heard the same; the first one is remembered.
    other.disable_endpoint(&DisabledEndpoint { job_id: JobId::new(), ..gone.clone() }).await.unwrap();
    assert_eq!(other.disabled_endpoint(&acme, URL).await.unwrap(), Some(gone));
    assert_eq!(jobs.disabled_endpoint(&zoo, URL).await.unwrap(), None, "it is another tenant's");
    assert_eq!(jobs.disabled_endpoint(&acme, "https://shop.example/new").await.unwrap(), None);
    assert!(other.enable_endpoint(&acme, URL).await.unwrap());
    assert_eq!(jobs.disabled_endpoint(&acme, URL).await.unwrap(), None);
}

fn wanting() -> JobRecord {
    let url = WebhookUrl::parse(URL, Reach::Public).unwrap();
    JobRecord { webhook: Some(Webhook::new(&url)), ..accepted() }
}

/// A job that has ended and whose webhook is due.
async fn ended(jobs: &Jobs) -> JobRecord {
    let record = wanting();
    jobs.create(&record).await.unwrap();
    let claim = claimed(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
    assert!(jobs.finish(&claim, refused()).await.unwrap());
    jobs.get(record.job_id).await.unwrap().unwrap()
}

async fn due(jobs: &Jobs, limit: usize) -> Vec<JobId> {
    jobs.due_webhooks(limit).await.unwrap().iter().map(|record| record.job_id).collect()
}

fn delivered(record: &JobRecord) -> Webhook {
    let webhook = record.webhook.clone().unwrap();
    let webhook = webhook.attempted(attempt(None)).attempted(attempt(Some(204)));
    webhook.ended(WebhookState::Delivered, "Delivered at attempt 2.".into())
}

fn attempt(status: Option<u16>) -> WebhookDelivery {
    let outcome = "Whatever happened.".into();
    WebhookDelivery { at: micros(Timestamp::now()), status, outcome, milliseconds: 123 }
}

fn micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap()
}

fn failure() -> Failure {
    Failure { code: "no_pet_found".into(), message: "We see no pet.".into() }
}

fn refused() -> Finish {
    Finish::Failed {
        failure: failure(),
        quality: None,
        head: None,
        model: None,
        message_for_support: "No subject in the picture.".into(),
        dead_letter: None,
    }
}
