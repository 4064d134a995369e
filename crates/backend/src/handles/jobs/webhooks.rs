//! The part of the records that the delivery of webhooks needs. A webhook becomes due in the same write that ends its job
//! (`transition.rs`); from then on it moves by itself, and the job's status stays as it is.

use std::time::Duration;

use headshot_core::{JobId, JobRecord, Tenant, Webhook, WebhookState};
use jiff::Timestamp;

use super::{Jobs, Kind};
use crate::contract::jobs::{Change, DisabledEndpoint, WebhookClaim, record_time};
use crate::error::Result;
use crate::handles::dispatch::dispatch;

impl Jobs {
    /// Jobs whose webhook is due, longest due first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn due_webhooks(&self, limit: usize) -> Result<Vec<JobRecord>> {
        dispatch!(self, records => records.due_webhooks(limit).await)
    }

    /// Claims the webhook of a job that was found due: of several claims at a time one wins. `None` means that somebody
    /// else has it, or has sent it.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn claim_webhook(&self, due: &JobRecord, lease: Duration) -> Result<Option<WebhookClaim>> {
        let Some(seen) = due.webhook.as_ref().and_then(|webhook| webhook.next_at) else { return Ok(None) };
        let until = record_time().checked_add(lease).unwrap_or(Timestamp::MAX);
        let claimed = self
            .change_webhook(due.job_id, move |webhook, now| {
                (webhook.next_at == Some(seen) && seen <= now)
                    .then_some(Webhook { next_at: Some(until), ..webhook })
            })
            .await?;
        Ok(claimed.then(|| {
            let webhook = due.webhook.clone().map(|webhook| Webhook { next_at: Some(until), ..webhook });
            WebhookClaim { record: JobRecord { webhook, ..due.clone() }, until }
        }))
    }

    /// Writes what came of a claimed webhook. `false` means that the lease had lapsed and somebody else has it.
    ///
    /// # Errors
    /// The store cannot be reached; the webhook is sent again when the lease has lapsed.
    pub async fn record_delivery(&self, claim: &WebhookClaim, webhook: Webhook) -> Result<bool> {
        let until = claim.until;
        self.change_webhook(claim.record.job_id, move |now_stored, _| {
            (now_stored.next_at == Some(until)).then(|| webhook.clone())
        })
        .await
    }

    /// Puts a claimed webhook back as due, because the worker stops. `false` as for [`Jobs::record_delivery`].
    ///
    /// # Errors
    /// The store cannot be reached; the lease lapses by itself.
    pub async fn give_webhook_back(&self, claim: &WebhookClaim) -> Result<bool> {
        let until = claim.until;
        self.change_webhook(claim.record.job_id, move |webhook, now| {
            (webhook.next_at == Some(until)).then_some(Webhook { next_at: Some(now), ..webhook })
        })
        .await
    }

    /// Moves a due webhook behind others, by `wait` from now. `false` means that it is not due any more.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn postpone_webhook(&self, due: &JobRecord, wait: Duration) -> Result<bool> {
        Ok(self.claim_webhook(due, wait).await?.is_some())
    }

    /// Has a job's webhook sent again from the beginning, whatever became of it: for support. `false` means that there is
    /// none, that the job has not ended, or that it is being sent just now.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn resend_webhook(&self, id: JobId) -> Result<bool> {
        self.change_webhook(id, |webhook, now| {
            (webhook.state != WebhookState::Pending).then(|| webhook.again(now))
        })
        .await
    }

    /// Remembers that nothing more is to be sent to an endpoint.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn disable_endpoint(&self, endpoint: &DisabledEndpoint) -> Result<()> {
        dispatch!(self, records => records.disable_endpoint(endpoint).await)
    }

    /// Allows an endpoint again. Later jobs are told of there; of those that were not, support can have the webhook sent
    /// by [`Jobs::resend_webhook`]. `false` means that it was not disabled.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn enable_endpoint(&self, tenant: &Tenant, url: &str) -> Result<bool> {
        dispatch!(self, records => records.enable_endpoint(tenant, url).await)
    }

    /// Whether, when and by which job an endpoint was disabled.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn disabled_endpoint(&self, tenant: &Tenant, url: &str) -> Result<Option<DisabledEndpoint>> {
        dispatch!(self, records => records.disabled_endpoint(tenant, url).await)
    }

    /// A change of the webhook of a job that has ended, and of nothing else.
    async fn change_webhook(
        &self,
        id: JobId,
        change: impl Fn(Webhook, Timestamp) -> Option<Webhook> + Send + Sync + 'static,
    ) -> Result<bool> {
        self.change(id, of_ended(change)).await
    }
}

fn of_ended(change: impl Fn(Webhook, Timestamp) -> Option<Webhook> + Send + Sync + 'static) -> impl Change {
    move |record: JobRecord, now| {
        let webhook = record.webhook.clone().filter(|_| record.status.is_terminal())?;
        change(webhook, now).map(|webhook| JobRecord { webhook: Some(webhook), ..record })
    }
}
