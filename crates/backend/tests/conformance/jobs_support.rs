//! What support does: search, erase, and what a customer's approval is.

use std::time::Duration;

use headshot_backend::{AuditEntry, ERASE, Erased, Finish, JobSearch, Made};
use headshot_core::{Approval, Failure, JobId, JobRecord, Status, Tenant};
use jiff::Timestamp;

use super::jobs::done;
use super::support::{TestBackend, accepted, accepted_ago, claimed};

const LONG: Duration = Duration::from_secs(60);

/// A tenant of the test's own: all tests of a kind share one store.
fn tenant() -> Tenant {
    format!("t{}", JobId::new().to_string().replace('-', "")).parse().expect("a tenant's name")
}

fn search(tenant: &Tenant) -> JobSearch {
    let tenant = tenant.clone();
    JobSearch { tenant, status: None, order_id: None, since: None, before: None, limit: 50 }
}

fn entry(record: &JobRecord) -> AuditEntry {
    let tenant = record.tenant.clone();
    AuditEntry { tenant, actor: "k_support".into(), action: ERASE, job_id: record.job_id }
}

async fn ids(test: &TestBackend, search: &JobSearch) -> Vec<JobId> {
    test.backend.jobs.search(search).await.unwrap().into_iter().map(|record| record.job_id).collect()
}

pub async fn support_finds_jobs_by_status_order_and_time(test: &TestBackend) {
    let (jobs, ours) = (&test.backend.jobs, tenant());
    let mut records = Vec::new();
    for (minutes, order) in [(30, "#1"), (20, "#2"), (10, "#2")] {
        let record = accepted_ago(Duration::from_secs(60 * minutes));
        let record = JobRecord { tenant: ours.clone(), order_id: Some(order.into()), ..record };
        jobs.create(&record).await.unwrap();
        records.push(record);
    }
    jobs.create(&JobRecord { tenant: tenant(), ..accepted() }).await.unwrap();
    let [oldest, middle, newest] = [0, 1, 2].map(|n: usize| records[n].job_id);
    assert_eq!(ids(test, &search(&ours)).await, [newest, middle, oldest], "and nobody else's");
    let of_order = JobSearch { order_id: Some("#2".into()), ..search(&ours) };
    assert_eq!(ids(test, &of_order).await, [newest, middle]);
    let since = JobSearch { since: Some(records[1].created_at), ..search(&ours) };
    assert_eq!(ids(test, &since).await, [newest, middle]);
    let next_page = JobSearch { before: Some(records[1].created_at), limit: 1, ..search(&ours) };
    assert_eq!(ids(test, &next_page).await, [oldest]);

    claimed(jobs.claim(middle, "worker-1", LONG).await.unwrap());
    let under_way = JobSearch { status: Some(Status::Processing), ..search(&ours) };
    assert_eq!(ids(test, &under_way).await, [middle]);
    let both = JobSearch { status: Some(Status::Queued), order_id: Some("#2".into()), ..search(&ours) };
    assert_eq!(ids(test, &both).await, [newest]);
}

pub async fn what_was_made_from_a_photo_is_found(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let first = accepted();
    jobs.create(&first).await.unwrap();
    let again = JobRecord { photo_of: Some(first.job_id), ..accepted() };
    jobs.create(&again).await.unwrap();
    let found = jobs.made_from(first.job_id).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&again));
    assert!(jobs.made_from(again.job_id).await.unwrap().is_empty());
}

pub async fn what_was_rendered_is_found_by_its_key(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let key = JobId::new().to_string();
    assert_eq!(jobs.rendered(&key).await.unwrap(), None);
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let claim = claimed(jobs.claim(record.job_id, "worker-1", LONG).await.unwrap());
    let Finish::Done { outputs, quality, head, model, message_for_support, .. } = done(record.job_id) else {
        unreachable!()
    };
    let made = Made::Rendered { key: key.clone() };
    let finish = Finish::Done { outputs, quality, head, model, made, message_for_support };
    assert!(jobs.finish(&claim, finish).await.unwrap());
    let found = jobs.rendered(&key).await.unwrap().expect("it was rendered");
    assert_eq!((found.job_id, found.render_key), (record.job_id, Some(key.clone())));

    // A copy of it is not found instead of it.
    let copy = accepted();
    jobs.create(&copy).await.unwrap();
    let claim = claimed(jobs.claim(copy.job_id, "worker-1", LONG).await.unwrap());
    let Finish::Done { outputs, quality, head, model, message_for_support, .. } = done(copy.job_id) else {
        unreachable!()
    };
    let made = Made::Taken { from: record.job_id };
    let finish = Finish::Done { outputs, quality, head, model, made, message_for_support };
    assert!(jobs.finish(&claim, finish).await.unwrap());
    let stored = jobs.get(copy.job_id).await.unwrap().unwrap();
    assert_eq!((stored.cached_from, stored.render_key), (Some(record.job_id), None));
    assert_eq!(jobs.rendered(&key).await.unwrap().map(|found| found.job_id), Some(record.job_id));
}

pub async fn the_first_approval_stays(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    let at = Timestamp::from_second(1_700_000_000).unwrap();
    let (ours, other) = (JobId::new(), JobId::new());
    assert!(jobs.approve(record.job_id, Approval { job_id: ours, at }).await.unwrap());
    let later = Approval { job_id: ours, at: at + Duration::from_secs(1) };
    assert!(jobs.approve(record.job_id, later).await.unwrap(), "to approve it again changes nothing");
    assert!(!jobs.approve(record.job_id, Approval { job_id: other, at }).await.unwrap());
    let stored = jobs.get(record.job_id).await.unwrap().unwrap();
    assert_eq!(stored.approval, Some(Approval { job_id: ours, at }));
    assert!(!jobs.forget_approval(record.job_id, other).await.unwrap());
    assert!(jobs.forget_approval(record.job_id, ours).await.unwrap());
    assert!(jobs.approve(record.job_id, Approval { job_id: other, at }).await.unwrap());
    assert!(
        !jobs.approve(JobId::new(), Approval { job_id: ours, at }).await.unwrap(),
        "there is no such job"
    );
}

pub async fn a_job_is_erased_once_it_has_ended(test: &TestBackend) {
    let jobs = &test.backend.jobs;
    let record = accepted();
    jobs.create(&record).await.unwrap();
    assert_eq!(jobs.erase(record.job_id, &entry(&record)).await.unwrap(), Erased::UnderWay);
    let failure = Failure { code: "erased".into(), message: "It was erased.".into() };
    assert!(jobs.withdraw(record.job_id, failure.clone()).await.unwrap());
    jobs.audit(&AuditEntry { action: "retry", ..entry(&record) }).await.unwrap();
    assert!(
        !jobs.was_erased(record.job_id).await.unwrap(),
        "it is still there, whatever else was done to it"
    );
    assert!(!jobs.withdraw(record.job_id, failure).await.unwrap(), "only a queued job is withdrawn");
    assert_eq!(jobs.erase(record.job_id, &entry(&record)).await.unwrap(), Erased::Gone);
    assert_eq!(jobs.get(record.job_id).await.unwrap(), None);
    assert_eq!(jobs.erase(record.job_id, &entry(&record)).await.unwrap(), Erased::Missing);
    assert!(jobs.was_erased(record.job_id).await.unwrap());
}
