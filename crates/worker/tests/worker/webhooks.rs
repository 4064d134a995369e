//! Shops are told of the end of their jobs.

use std::time::Duration;

use anyhow::Result;
use headshot_core::{JobId, JobRecord, Status, WebhookState};
use headshot_pipeline::{Outcome, Rejection};

use crate::bench::{Bench, Fake, headshot};
use crate::endpoint::{Endpoint, NEXT_SECRET, Reply, SECRET};

pub fn painter() -> std::sync::Arc<impl headshot_worker::render::Render + use<>> {
    Fake::new(|photo, _, _| {
        if photo == b"lawn" {
            return Ok(Outcome::Rejected(Rejection {
                code: "no_pet_found".into(),
                message: "We see no pet.".into(),
                quality: None,
            }));
        }
        Ok(headshot(b"picture"))
    })
}

pub async fn until_told(bench: &Bench, id: JobId, state: WebhookState) -> Result<JobRecord> {
    bench.until(id, |record| record.webhook.as_ref().is_some_and(|webhook| webhook.state == state)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_is_told_that_its_job_is_done_and_that_another_has_failed() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.set_secrets(&[SECRET])?;
    let shop = Endpoint::start(|_, _| Reply::Status(204)).await?;
    let worker = bench.start(painter()).await?;
    let done = bench.accept_with_webhook(b"photo", &shop.url()).await?;
    let record = until_told(&bench, done, WebhookState::Delivered).await?;
    let heard = shop.until_heard(1).await?;
    heard[0].verify(SECRET)?;
    assert!(heard[0].verify(NEXT_SECRET).is_err());
    assert_eq!(heard[0].id(), format!("msg_{done}"));
    assert_eq!(heard[0].headers["content-type"], "application/json");
    let body = heard[0].json()?;
    assert_eq!(body["type"], "headshot.done");
    assert_eq!(body["data"]["job_id"], done.to_string());
    assert_eq!(body["data"]["status"], "done");
    assert_eq!(body["timestamp"], record.finished_at.unwrap().to_string());
    assert!(!body.to_string().contains("http"), "a webhook has no links: {body}");

    let webhook = record.webhook.unwrap();
    assert_eq!((record.status, webhook.attempts, webhook.next_at), (Status::Done, 1, None));
    assert_eq!(webhook.message_for_support, "Delivered on the first attempt.");
    assert_eq!(webhook.deliveries[0].status, Some(204));
    assert_eq!(webhook.deliveries[0].outcome, "The endpoint answered 204.");
    assert_eq!(record.updated_at, record.finished_at.unwrap(), "what customers see has not changed");

    let failed = bench.accept_with_webhook(b"lawn", &shop.url()).await?;
    until_told(&bench, failed, WebhookState::Delivered).await?;
    let body = shop.until_heard(2).await?[1].json()?;
    assert_eq!((&body["type"], &body["data"]["status"]), (&"headshot.failed".into(), &"failed".into()));
    assert_eq!(body["data"]["error"]["code"], "no_pet_found");
    let metrics = worker.get("/metrics").await?.1;
    assert!(metrics.contains("headshot_webhooks_total{outcome=\"delivered\"} 2"), "{metrics}");
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_secrets_change_both_sign_and_either_verifies() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.set_secrets(&[SECRET, NEXT_SECRET])?;
    let shop = Endpoint::start(|_, _| Reply::Status(200)).await?;
    let worker = bench.start(painter()).await?;
    bench.accept_with_webhook(b"photo", &shop.url()).await?;
    let heard = shop.until_heard(1).await?;
    heard[0].verify(SECRET)?;
    heard[0].verify(NEXT_SECRET)?;
    let signatures = heard[0].headers["webhook-signature"].split(' ').count();
    assert_eq!(signatures, 2, "{:?}", heard[0].headers);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_sent_again_with_the_same_id_and_body_until_it_is_taken() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.set_secrets(&[SECRET])?;
    bench.config.webhooks.timeout = Duration::from_secs(1);
    let shop = Endpoint::start(|time, _| match time {
        1 => Reply::Status(500),
        2 => Reply::Never,
        _ => Reply::Status(200),
    })
    .await?;
    let worker = bench.start(painter()).await?;
    let id = bench.accept_with_webhook(b"photo", &shop.url()).await?;
    let webhook = until_told(&bench, id, WebhookState::Delivered).await?.webhook.unwrap();
    let heard = shop.heard();
    assert_eq!((heard.len(), webhook.attempts), (3, 3));
    for heard in &heard {
        heard.verify(SECRET)?;
        assert_eq!((heard.id(), &heard.body), (format!("msg_{id}").as_str(), &shop.heard()[0].body));
    }
    let log: Vec<_> = webhook.deliveries.iter().map(|d| (d.status, d.outcome.as_str())).collect();
    let expected = [
        (Some(500), "The endpoint answered 500."),
        (None, "The endpoint did not answer within 1 s."),
        (Some(200), "The endpoint answered 200."),
    ];
    assert_eq!(log, expected);
    assert!(webhook.deliveries[1].milliseconds >= 1000);
    assert_eq!(webhook.message_for_support, "Delivered on the third attempt.");
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_last_attempt_it_is_given_up_and_support_can_have_it_sent_again() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.set_secrets(&[SECRET])?;
    bench.config.webhooks.retries = vec![Duration::from_millis(20)];
    let shop = Endpoint::start(|time, _| Reply::Status(if time <= 2 { 503 } else { 200 })).await?;
    let worker = bench.start(painter()).await?;
    let id = bench.accept_with_webhook(b"photo", &shop.url()).await?;
    let webhook = until_told(&bench, id, WebhookState::GivenUp).await?.webhook.unwrap();
    assert_eq!(webhook.message_for_support, "Given up after the second attempt. The endpoint answered 503.");
    assert!(bench.backend.jobs.resend_webhook(id).await?);
    let webhook = until_told(&bench, id, WebhookState::Delivered).await?.webhook.unwrap();
    assert_eq!((webhook.attempts, webhook.deliveries.len()), (1, 3), "the old log is still there");
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_gets_nothing_more_until_support_enables_it() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.set_secrets(&[SECRET])?;
    let shop = Endpoint::start(|time, _| Reply::Status(if time == 1 { 410 } else { 200 })).await?;
    let worker = bench.start(painter()).await?;
    let first = bench.accept_with_webhook(b"photo", &shop.url()).await?;
    let told = until_told(&bench, first, WebhookState::Disabled).await?;
    let webhook = told.webhook.unwrap();
    assert_eq!((webhook.attempts, webhook.next_at), (1, None));
    assert_eq!(webhook.deliveries[0].outcome, "The endpoint answered 410 Gone: it wants no more webhooks.");

    let second = bench.accept_with_webhook(b"photo", &shop.url()).await?;
    let webhook = until_told(&bench, second, WebhookState::Disabled).await?.webhook.unwrap();
    assert_eq!((webhook.attempts, webhook.deliveries.len(), shop.heard().len()), (0, 0, 1));
    let sentence = &webhook.message_for_support;
    assert!(sentence.contains(&first.to_string()) && sentence.contains("410 Gone"), "{sentence}");
    // Another address of the same tenant is another endpoint.
    let elsewhere = bench.accept_with_webhook(b"photo", &format!("{}2", shop.url())).await?;
    until_told(&bench, elsewhere, WebhookState::Delivered).await?;

    assert!(bench.backend.jobs.enable_endpoint(&told.tenant, &shop.url()).await?);
    let third = bench.accept_with_webhook(b"photo", &shop.url()).await?;
    until_told(&bench, third, WebhookState::Delivered).await?;
    worker.stop().await
}
