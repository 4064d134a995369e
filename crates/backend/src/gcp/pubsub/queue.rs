//! The task queue on Pub/Sub. Leases, the back-off after a refusal and dead letters are the subscription's own policies;
//! how full it is, Cloud Monitoring knows and nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use google_cloud_gax::error::rpc::Code;
use google_cloud_gax::options::RequestOptionsBuilder;
use google_cloud_gax::retry_policy::RetryPolicyExt;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::retry_policy::RetryableErrors;
use headshot_core::TaskMessage;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, warn};

use super::clients::{Clients, Maker};
use crate::contract::tasks::QueueDepth;
use crate::error::{BackendError, Context, Result, bail};
use crate::gcp::deadlines::{CALL_TIMEOUT, LOOK_TIMEOUT};
use crate::gcp::renewable::Renewable;
use crate::settings::GcpSettings;

/// A task that has to wait goes back as a new message once it was delivered so often: a third of what Terraform lets a
/// message be delivered (`max_delivery_attempts`, 30), so that deaths of workers and failed attempts have the rest.
const RENEWED_AFTER: u32 = 10;

/// How long [`GcpQueue::close`] waits for answers to reach the service. Cloud Run leaves a process 10 s.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Clone)]
pub(crate) struct GcpQueue {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) maker: Maker,
    clients: Renewable<Clients, BackendError>,
    topic: String,
    pub(super) has_dead_letter_topic: bool,
    subscription: Option<String>,
    pub(super) lease: Duration,
    /// Streams that still have answers to deliver.
    streams: Mutex<JoinSet<()>>,
}

/// Where a message goes.
#[derive(Clone, Copy)]
pub(super) enum To {
    Workers,
    DeadLetters,
}

impl GcpQueue {
    pub(crate) async fn connect(settings: &GcpSettings) -> Result<Self> {
        let full_name = |kind: &str, name: &str| format!("projects/{}/{kind}/{name}", settings.project_id);
        let topic = full_name("topics", &settings.topic);
        let dead_letter_topic = settings.dead_letter_topic.as_deref().map(|name| full_name("topics", name));
        let has_dead_letter_topic = dead_letter_topic.is_some();
        let maker = Maker::new(settings, &topic, dead_letter_topic);
        let shared = Shared {
            clients: Renewable::new({
                let maker = maker.clone();
                move || maker.clone().clients()
            }),
            maker,
            topic,
            has_dead_letter_topic,
            subscription: settings.subscription.as_deref().map(|name| full_name("subscriptions", name)),
            lease: settings.task_lease,
            streams: Mutex::default(),
        };
        // What is wrong with the credentials is better heard now than at the first call.
        shared.clients.get().await?;
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether the topic is there, and the subscription, if one is set.
    pub(crate) async fn check(&self) -> Result<()> {
        let subscription = async {
            if self.shared.subscription.is_some() { self.check_subscription().await } else { Ok(()) }
        };
        tokio::try_join!(self.check_topic(), subscription)?;
        Ok(())
    }

    pub(crate) fn publish<'a>(
        &'a self,
        body: Bytes,
        traceparent: Option<&'a str>,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            let attributes = [("v", TaskMessage::VERSION.to_string())]
                .into_iter()
                .chain(traceparent.map(|trace| ("traceparent", trace.to_owned())));
            let message = Message::new().set_data(body).set_attributes(attributes);
            self.send(To::Workers, message).await.context("cannot publish the task")
        }
        .boxed()
    }

    #[expect(clippy::unused_async, reason = "a queue that can tell has to ask for it")]
    pub(crate) async fn depth(&self) -> Result<QueueDepth> {
        bail!(
            Unavailable,
            "Pub/Sub does not say how full a subscription is; its metrics num_undelivered_messages and \
             oldest_unacked_message_age in Cloud Monitoring do"
        )
    }

    /// Waits until everything that was published and every answer that was given has reached the service.
    pub(crate) fn close(&self) -> BoxFuture<'_, ()> {
        async move {
            let mut streams = std::mem::take(&mut *self.streams());
            let flushed = async {
                while streams.join_next().await.is_some() {}
                let Some(clients) = self.shared.clients.made() else { return };
                clients.publisher.flush().await;
                if let Some(dead_letters) = &clients.dead_letters {
                    dead_letters.flush().await;
                }
            };
            if timeout(CLOSE_TIMEOUT, flushed).await.is_err() {
                warn!("not every answer reached Pub/Sub in time; some tasks will be delivered again");
            }
        }
        .boxed()
    }

    async fn check_topic(&self) -> Result<()> {
        let (topic, clients) = (&self.shared.topic, self.shared.clients.get().await?);
        let get = clients.topics.get_topic().set_topic(topic).with_attempt_timeout(LOOK_TIMEOUT);
        self.judge(get.with_retry_policy(single_try()).send().await, topic)
    }

    pub(super) async fn check_subscription(&self) -> Result<()> {
        let (subscription, clients) = (self.subscription()?, self.shared.clients.get().await?);
        let get = clients.subscriptions.get_subscription().set_subscription(subscription);
        let get = get.with_attempt_timeout(LOOK_TIMEOUT).with_retry_policy(single_try());
        self.judge(get.send().await, subscription)
    }

    /// Publishes a task again that has been delivered many times for no fault of its own, before the subscription's policy
    /// takes it for one that cannot be delivered. `false`: it has not been, or that does not work just now.
    pub(super) async fn renew(
        &self,
        data: Bytes,
        attributes: &HashMap<String, String>,
        delivered: Option<u32>,
    ) -> bool {
        if delivered.is_none_or(|times| times < RENEWED_AFTER) {
            return false;
        }
        let mut message = Message::new().set_data(data);
        message.attributes.clone_from(attributes);
        let renewed = self.send(To::Workers, message).await;
        if let Err(error) = &renewed {
            debug!(error = format!("{error:#}"), "the task cannot be published again; it goes back as it is");
        }
        renewed.is_ok()
    }

    /// Sends a message. Without a topic for dead letters there is nowhere to send those.
    pub(super) async fn send(&self, to: To, message: Message) -> Result<()> {
        let clients = self.shared.clients.get().await?;
        let publisher = match to {
            To::Workers => Some(&clients.publisher),
            To::DeadLetters => clients.dead_letters.as_ref(),
        };
        let sent = publisher
            .ok_or_else(|| BackendError::NotFound("there is no topic for dead letters".into()))?
            .publish(message);
        // The retries have a time limit of their own. This is the limit for what they may not see, such as a token that
        // does not come.
        let sent = timeout(CALL_TIMEOUT, sent).await;
        if !matches!(sent, Ok(Ok(_))) {
            self.shared.clients.unanswered();
        }
        sent.context("Pub/Sub does not answer")??;
        Ok(())
    }

    /// Neither publishers nor subscribers may look at what they use, unless they are given the viewer's role as well;
    /// that the service says so is a sign of life.
    fn judge<T>(&self, answer: google_cloud_pubsub::Result<T>, name: &str) -> Result<()> {
        let Err(error) = answer else { return Ok(()) };
        match error.status().map(|status| status.code) {
            Some(Code::PermissionDenied) => Ok(()),
            Some(Code::NotFound) => bail!(NotFound, "{name} does not exist"),
            _ => {
                self.shared.clients.unanswered();
                Err(error).context(format!("cannot look at {name}"))
            }
        }
    }

    pub(super) fn subscription(&self) -> Result<&str> {
        let subscription = self.shared.subscription.as_deref();
        subscription.ok_or_else(|| BackendError::NotFound("no subscription is set to pull tasks from".into()))
    }

    fn streams(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.shared.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a task that [`GcpQueue::close`] waits for.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut streams = self.streams();
        while streams.try_join_next().is_some() {}
        streams.spawn(work);
    }
}

fn single_try() -> impl google_cloud_gax::retry_policy::RetryPolicy {
    RetryableErrors.with_attempt_limit(1)
}
