use std::time::{Duration, Instant};

use headshot_backend::api_keys::TenantWebhook;
use headshot_backend::{DisabledEndpoint, WebhookClaim};
use headshot_core::{JobRecord, Webhook, WebhookDelivery, WebhookState};
use jiff::{Timestamp, Unit};
use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::lanes::host;
use super::payload::payload;
use super::schedule::wait_after;
use super::sender::{Answer, Message, Trouble};
use crate::job::ordinal;
use crate::runtime::outcome::WebhookEnded;
use crate::runtime::shutdown::Phase;
use crate::worker::Worker;

/// What the lease has beyond the time that sending may take.
const LEASE_BEYOND: Duration = Duration::from_secs(10);

/// How support reads times.
fn readable(at: Timestamp) -> Timestamp {
    at.round(Unit::Second).unwrap_or(at)
}

/// Sends one webhook that is due, unless somebody else does, and writes what came of it.
pub(super) async fn attempt(worker: &Worker, due: &JobRecord) {
    let job_id = due.job_id;
    let lease = worker.config.webhooks.timeout + LEASE_BEYOND;
    let claim = match worker.backend.jobs.claim_webhook(due, lease).await {
        Ok(Some(claim)) => claim,
        Ok(None) => return,
        Err(error) => {
            debug!(%job_id, error = format!("{error:#}"), "a webhook could not be claimed; it stays due");
            return;
        }
    };
    tokio::select! {
        biased;
        settled = settle(worker, &claim) => if let Err(error) = settled {
            let error = format!("{error:#}");
            warn!(%job_id, error, "what came of a webhook could not be recorded; it will be sent again");
        },
        () = worker.phases.reached(Phase::GivingBack) => {
            info!(%job_id, "the worker stops; the webhook is sent by another one");
            if let Err(error) = worker.backend.jobs.give_webhook_back(&claim).await {
                warn!(%job_id, error = format!("{error:#}"), "the webhook could not be given back; its lease will lapse");
            }
        }
    }
}

async fn settle(worker: &Worker, claim: &WebhookClaim) -> anyhow::Result<()> {
    let record = claim.record();
    let Some(webhook) = record.webhook.clone() else { return Ok(()) };
    let jobs = &worker.backend.jobs;
    if let Some(gone) = jobs.disabled_endpoint(&record.tenant, &webhook.url).await? {
        let sentence = format!(
            "Not sent: the endpoint answered 410 Gone to the webhook of job {} at {} and is switched off until support \
             enables it again.",
            gone.job_id,
            readable(gone.at)
        );
        return write(worker, claim, webhook.ended(WebhookState::Disabled, sentence), WebhookEnded::Disabled)
            .await;
    }
    let (began, at) = (Instant::now(), Timestamp::now());
    let answer = send(worker, record, &webhook, at).await;
    let took = began.elapsed();
    let delivery = WebhookDelivery {
        // As exact as every store keeps it.
        at: Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at),
        status: answer.as_ref().ok().map(|answer| answer.status),
        outcome: sentence(&answer),
        milliseconds: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
    };
    if answer.as_ref().is_ok_and(|answer| answer.status == 410) {
        // First the endpoint, then the job: whatever happens in between, the endpoint is not asked again.
        let (tenant, url) = (record.tenant.clone(), webhook.url.clone());
        let gone = DisabledEndpoint { tenant, url, job_id: record.job_id, at: delivery.at };
        jobs.disable_endpoint(&gone).await?;
    }
    let outcome = delivery.outcome.clone();
    let (status, milliseconds) = (delivery.status, delivery.milliseconds);
    let (webhook, ended) = after(webhook.attempted(delivery), &answer, &worker.config.webhooks.retries);
    let (job_id, attempt, host) = (record.job_id, webhook.attempts, host(record));
    match ended {
        WebhookEnded::Delivered => {
            info!(%job_id, host, attempt, status, milliseconds, "the webhook was delivered")
        }
        _ => warn!(%job_id, host, attempt, status, milliseconds, outcome, "the webhook was not delivered"),
    }
    write(worker, claim, webhook, ended).await
}

async fn send(
    worker: &Worker,
    record: &JobRecord,
    webhook: &Webhook,
    at: Timestamp,
) -> Result<Answer, Trouble> {
    let Some(file) = &worker.webhooks.tenants else { return Err(Trouble::NoSecret) };
    let tenants = file.current().await;
    let Some(TenantWebhook { secrets, .. }) = tenants.webhook(&record.tenant) else {
        return Err(Trouble::NoSecret);
    };
    // Nothing in a record fails to become JSON.
    let Ok(body) = payload(record) else { unreachable!("a record is plain data") };
    let (id, at_second) = (Webhook::message_id(record.job_id), at.as_second());
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(&id, at_second, &body)).collect();
    let message = Message { id: &id, at_second, signatures: &signatures.join(" "), body };
    worker.webhooks.sender.send(&webhook.url, message).await
}

/// What happened, for the log in the record.
fn sentence(answer: &Result<Answer, Trouble>) -> String {
    match answer {
        Err(trouble) => trouble.to_string(),
        Ok(Answer { status: 410, .. }) => "The endpoint answered 410 Gone: it wants no more webhooks.".into(),
        Ok(Answer { status: status @ 300..=399, .. }) => {
            format!("The endpoint answered {status}, a redirect; redirects are never followed.")
        }
        Ok(Answer { status, .. }) => format!("The endpoint answered {status}."),
    }
}

/// The webhook after an attempt that ended like this.
fn after(
    webhook: Webhook,
    answer: &Result<Answer, Trouble>,
    retries: &[Duration],
) -> (Webhook, WebhookEnded) {
    let (attempts, sentence) = (webhook.attempts, sentence(answer));
    let retry_after = match answer {
        Ok(Answer { status: 200..=299, .. }) => {
            let sentence = format!("Delivered on the {} attempt.", ordinal(attempts));
            return (webhook.ended(WebhookState::Delivered, sentence), WebhookEnded::Delivered);
        }
        Ok(Answer { status: 410, .. }) => {
            let sentence = format!("{sentence} It gets none until support enables it again.");
            return (webhook.ended(WebhookState::Disabled, sentence), WebhookEnded::Disabled);
        }
        Ok(Answer { status: 429 | 503, retry_after }) => *retry_after,
        _ => None,
    };
    let next = wait_after(attempts, retries, retry_after)
        .and_then(|wait| Timestamp::now().checked_add(wait).ok())
        .and_then(|at| Timestamp::from_microsecond(at.as_microsecond()).ok());
    match next {
        Some(at) => {
            let sentence =
                format!("Attempt {attempts} failed. {sentence} It is sent again at {}.", readable(at));
            (webhook.later(at, sentence), WebhookEnded::Retried)
        }
        None => {
            let sentence = format!("Given up after the {} attempt. {sentence}", ordinal(attempts));
            (webhook.ended(WebhookState::GivenUp, sentence), WebhookEnded::GivenUp)
        }
    }
}

/// Records it. A moment of trouble with the records must not have the shop told twice.
async fn write(
    worker: &Worker,
    claim: &WebhookClaim,
    webhook: Webhook,
    ended: WebhookEnded,
) -> anyhow::Result<()> {
    const TRIES: u32 = 4;
    let mut wait = Duration::from_millis(100);
    let mut tries = 1;
    let ours = loop {
        match worker.backend.jobs.record_delivery(claim, webhook.clone()).await {
            Ok(ours) => break ours,
            Err(error) if tries == TRIES => return Err(error.into()),
            Err(_) => sleep(wait).await,
        }
        (tries, wait) = (tries + 1, wait * 4);
    };
    worker.metrics.webhook_ended(ended);
    if !ours {
        let job_id = claim.record().job_id;
        warn!(%job_id, "the right to send the webhook had lapsed; somebody else has sent it too");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use headshot_core::{Reach, WebhookUrl};

    use super::*;

    const RETRIES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(300)];

    fn attempted(times: u32) -> Webhook {
        let url = WebhookUrl::parse("https://shop.example/", Reach::Public).unwrap();
        Webhook { attempts: times, ..Webhook::new(&url).due(Timestamp::now()) }
    }

    fn answered(status: u16, retry_after: Option<u64>) -> Result<Answer, Trouble> {
        Ok(Answer { status, retry_after: retry_after.map(Duration::from_secs) })
    }

    #[test]
    fn every_answer_leads_somewhere_and_says_so() {
        for (answer, state, words) in [
            (answered(200, None), WebhookState::Delivered, "Delivered on the first attempt."),
            (answered(204, None), WebhookState::Delivered, "Delivered"),
            (answered(302, None), WebhookState::Pending, "302, a redirect; redirects are never followed"),
            (answered(400, None), WebhookState::Pending, "The endpoint answered 400."),
            (answered(410, None), WebhookState::Disabled, "until support enables it again"),
            (answered(500, None), WebhookState::Pending, "It is sent again at 20"),
            (Err(Trouble::Private), WebhookState::Pending, "not on the public internet"),
            (Err(Trouble::TooSlow(RETRIES[0])), WebhookState::Pending, "did not answer within 5 s."),
        ] {
            let (webhook, _) = after(attempted(1), &answer, &RETRIES);
            assert_eq!(webhook.state, state, "{answer:?}");
            assert_eq!(webhook.next_at.is_some(), state == WebhookState::Pending, "{answer:?}");
            assert!(webhook.message_for_support.contains(words), "{}", webhook.message_for_support);
        }
        let (webhook, _) = after(attempted(3), &answered(500, None), &RETRIES);
        assert_eq!((webhook.state, webhook.next_at), (WebhookState::GivenUp, None));
        assert_eq!(
            webhook.message_for_support,
            "Given up after the third attempt. The endpoint answered 500."
        );
    }

    #[test]
    fn only_an_overloaded_endpoint_may_ask_for_time() {
        let waits = |answer| {
            let (webhook, _) = after(attempted(1), &answer, &RETRIES);
            webhook.next_at.unwrap().duration_since(Timestamp::now()).as_secs()
        };
        assert!(waits(answered(503, Some(600))) > 500 && waits(answered(429, Some(600))) > 500);
        assert!(waits(answered(500, Some(600))) < 10 && waits(answered(503, None)) < 10);
    }
}
