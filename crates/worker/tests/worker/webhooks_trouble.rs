//! Endpoints that take their time or mean harm, and workers that stop.

use std::time::Duration;

use anyhow::Result;
use headshot_core::{Failure, JobId, JobRecord, Reach, Recipe, Webhook, WebhookState, WebhookUrl};
use jiff::Timestamp;

use crate::bench::Bench;
use crate::endpoint::{Endpoint, Reply, SECRET};
use crate::webhooks::{painter, until_told};

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_for_an_endpoint_that_never_answers_hold_up_nobody_else() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.set_secrets(&[SECRET])?;
    bench.config.webhooks.timeout = Duration::from_secs(50);
    bench.config.grace = Duration::from_millis(100);
    let slow = Endpoint::start(|_, _| Reply::Never).await?;
    // The same machine by another name is another host.
    let shop = Endpoint::start(|_, _| Reply::Status(200)).await?;
    for _ in 0..320 {
        ended(&bench, &slow.url()).await?;
    }
    let last = ended(&bench, &shop.url().replace("127.0.0.1", "localhost")).await?;
    let worker = bench.start(painter()).await?;
    until_told(&bench, last, WebhookState::Delivered).await?;
    assert_eq!(slow.heard().len(), 4, "so many connections one host gets at a time");
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_sent_when_the_worker_stops_is_sent_by_the_next_one() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.set_secrets(&[SECRET])?;
    bench.config.grace = Duration::from_millis(200);
    let shop = Endpoint::start(|time, _| if time == 1 { Reply::Never } else { Reply::Status(200) }).await?;
    let id = ended(&bench, &shop.url()).await?;
    let worker = bench.start(painter()).await?;
    shop.until_heard(1).await?;
    worker.stop().await?;
    let webhook = bench.record(id).await?.webhook.unwrap();
    assert_eq!((webhook.state, webhook.attempts), (WebhookState::Pending, 0));
    assert!(webhook.next_at.unwrap() <= Timestamp::now(), "it is due for the next worker at once");
    let next = bench.start(painter()).await?;
    until_told(&bench, id, WebhookState::Delivered).await?;
    let heard = shop.heard();
    assert_eq!((heard.len(), heard[0].id()), (2, heard[1].id()), "the receiver can tell that it is the same");
    next.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_one_sends() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.set_secrets(&[SECRET])?;
    let shop = Endpoint::start(|_, _| Reply::Status(200)).await?;
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(ended(&bench, &shop.url()).await?);
    }
    let (one, other) = (bench.start(painter()).await?, bench.start(painter()).await?);
    for id in ids {
        until_told(&bench, id, WebhookState::Delivered).await?;
    }
    assert_eq!(shop.heard().len(), 40, "each once");
    one.stop().await?;
    other.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_leads_nowhere_and_the_log_says_so() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.set_secrets(&[SECRET])?;
    bench.config.webhooks.retries = vec![];
    let inside = Endpoint::start(|_, _| Reply::Status(200)).await?;
    let target = inside.url();
    let shop = Endpoint::start(move |_, _| Reply::Redirect(target.clone())).await?;
    let worker = bench.start(painter()).await?;
    let id = bench.accept_with_webhook(b"photo", &shop.url()).await?;
    let webhook = until_told(&bench, id, WebhookState::GivenUp).await?.webhook.unwrap();
    assert_eq!(webhook.deliveries[0].status, Some(307));
    assert_eq!(
        webhook.deliveries[0].outcome,
        "The endpoint answered 307, a redirect; redirects are never followed."
    );
    assert_eq!((shop.heard().len(), inside.heard().len()), (1, 0));
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_may_only_go_outside_calls_nobody_inside() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.set_secrets(&[SECRET])?;
    bench.config.webhooks.retries = vec![];
    bench.config.webhooks.reach = Reach::Public;
    let inside = Endpoint::start(|_, _| Reply::Status(200)).await?;
    let worker = bench.start(painter()).await?;
    for url in [inside.url(), "https://127.0.0.1:8443/".into(), "https://localhost:8443/".into()] {
        let id = ended(&bench, &url).await?;
        let webhook = until_told(&bench, id, WebhookState::GivenUp).await?.webhook.unwrap();
        let outcome = &webhook.deliveries[0].outcome;
        assert!(outcome.starts_with("Nothing was sent: "), "{outcome}");
    }
    assert_eq!(inside.heard().len(), 0);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_nothing_is_sent_and_the_log_says_so() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.config.webhooks.retries = vec![];
    let shop = Endpoint::start(|_, _| Reply::Status(200)).await?;
    let worker = bench.start(painter()).await?;
    let id = ended(&bench, &shop.url()).await?;
    let webhook = until_told(&bench, id, WebhookState::GivenUp).await?.webhook.unwrap();
    let sentence = "Nothing was sent: the tenant has no webhook secret any more.";
    assert_eq!((webhook.deliveries[0].outcome.as_str(), shop.heard().len()), (sentence, 0));
    worker.stop().await
}

/// A job that has ended, though not through a worker of this process, and whose webhook is due.
async fn ended(bench: &Bench, url: &str) -> Result<JobId> {
    let webhook = Webhook::new(&WebhookUrl::parse(url, Reach::Anywhere)?);
    let record = JobRecord { webhook: Some(webhook), ..bench.uploaded(b"photo", Recipe::HEADSHOT).await? };
    // As every store keeps it.
    let at = Timestamp::from_microsecond(record.updated_at.as_microsecond())?;
    let record = JobRecord { updated_at: at, ..record };
    bench.backend.jobs.create(&record).await?;
    let failure = Failure { code: "internal".into(), message: "Something went wrong on our side.".into() };
    anyhow::ensure!(bench.backend.jobs.fail_abandoned(&record, failure).await?, "the job has not ended");
    Ok(record.job_id)
}
