//! The task queue on Pub/Sub. Leases, the back-off after a refusal and dead letters are the subscription's own policies;
//! how full it is, Cloud Monitoring knows and nobody else.

mod dead_letter;
mod delivery;
mod envelope;
mod pump;
mod pushed;
mod subscription;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use google_cloud_auth::credentials::{Credentials, anonymous};
use google_cloud_gax::error::rpc::Code;
use google_cloud_gax::options::RequestOptionsBuilder;
use google_cloud_gax::retry_policy::RetryPolicyExt;
use google_cloud_pubsub::client::{BasePublisher, Publisher, Subscriber, SubscriptionAdmin, TopicAdmin};
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::retry_policy::RetryableErrors;
use headshot_core::TaskMessage;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::warn;

pub(crate) use delivery::GcpDelivery;
pub(crate) use envelope::Envelope;
pub(crate) use pushed::PushedDelivery;
pub(crate) use subscription::GcpSubscription;

use super::{CALL_TIMEOUT, CHECK_TIMEOUT, RETRY_FOR, emulator_url};
use crate::{GcpSettings, QueueDepth};

/// How long [`GcpQueue::close`] waits for answers to reach the service. Cloud Run leaves a process 10 s.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Clone)]
pub(crate) struct GcpQueue {
    shared: Arc<Shared>,
}

struct Shared {
    publisher: Publisher,
    dead_letters: Option<Publisher>,
    subscriber: Subscriber,
    topics: TopicAdmin,
    subscriptions: SubscriptionAdmin,
    topic: String,
    subscription: Option<String>,
    lease: Duration,
    /// Streams that still have answers to deliver.
    streams: Mutex<JoinSet<()>>,
}

impl GcpQueue {
    pub(super) async fn connect(settings: &GcpSettings) -> Result<Self> {
        let full_name = |kind: &str, name: &str| format!("projects/{}/{kind}/{name}", settings.project_id);
        let endpoint = settings.pubsub_emulator.as_deref().map(|host| (emulator_url(host), anonymous()));
        // The four kinds of client are built alike, but their builders share no trait.
        macro_rules! client {
            ($builder:expr) => {{
                let builder = $builder;
                let builder = match &endpoint {
                    Some((url, nobody)) => builder.with_endpoint(url).with_credentials(nobody.clone()),
                    None => builder,
                };
                builder.build().await.context("cannot set Pub/Sub up")?
            }};
        }
        // By default a publisher goes on trying for ten minutes.
        let patience = RetryableErrors.with_time_limit(RETRY_FOR);
        let publishers: BasePublisher = client!(BasePublisher::builder().with_retry_policy(patience));
        // Whoever publishes waits for the answer; there is nothing to gain by waiting for company.
        let publisher = |topic: &str| {
            publishers.publisher(full_name("topics", topic)).set_message_count_threshold(1_u32).build()
        };
        let shared = Shared {
            publisher: publisher(&settings.topic),
            dead_letters: settings.dead_letter_topic.as_deref().map(publisher),
            subscriber: client!(Subscriber::builder()),
            topics: client!(TopicAdmin::builder()),
            subscriptions: client!(SubscriptionAdmin::builder()),
            topic: full_name("topics", &settings.topic),
            subscription: settings.subscription.as_deref().map(|name| full_name("subscriptions", name)),
            lease: settings.task_lease,
            streams: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether the topic is there, and the subscription, if one is set.
    pub(super) async fn check(&self) -> Result<()> {
        self.check_topic().await?;
        if self.shared.subscription.is_some() { self.check_subscription().await } else { Ok(()) }
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
            publish(&self.shared.publisher, message).await.context("cannot publish the task")
        }
        .boxed()
    }

    pub(crate) fn subscribe(&self, max_outstanding: usize) -> Result<GcpSubscription> {
        if self.shared.subscription.is_none() {
            bail!("no subscription is set to pull tasks from");
        }
        Ok(GcpSubscription::start(self.clone(), max_outstanding.max(1)))
    }

    #[expect(clippy::unused_async, reason = "a queue that can tell has to ask for it")]
    pub(crate) async fn depth(&self) -> Result<QueueDepth> {
        Err(anyhow!(
            "Pub/Sub does not say how full a subscription is; its metrics num_undelivered_messages and \
             oldest_unacked_message_age in Cloud Monitoring do"
        ))
    }

    /// Waits until everything that was published and every answer that was given has reached the service.
    pub(crate) fn close(&self) -> BoxFuture<'_, ()> {
        async move {
            let mut streams = std::mem::take(&mut *self.streams());
            let flushed = async {
                while streams.join_next().await.is_some() {}
                self.shared.publisher.flush().await;
                if let Some(dead_letters) = &self.shared.dead_letters {
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
        let topic = &self.shared.topic;
        let get = self.shared.topics.get_topic().set_topic(topic).with_attempt_timeout(CHECK_TIMEOUT);
        judge(get.with_retry_policy(single_try()).send().await, topic)
    }

    async fn check_subscription(&self) -> Result<()> {
        let subscription = self.subscription()?;
        let get = self.shared.subscriptions.get_subscription().set_subscription(subscription);
        let get = get.with_attempt_timeout(CHECK_TIMEOUT).with_retry_policy(single_try());
        judge(get.send().await, subscription)
    }

    fn subscription(&self) -> Result<&str> {
        self.shared.subscription.as_deref().context("no subscription is set to pull tasks from")
    }

    fn streams(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.shared.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a task that [`GcpQueue::close`] waits for.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut streams = self.streams();
        while streams.try_join_next().is_some() {}
        streams.spawn(work);
    }
}

async fn publish(publisher: &Publisher, message: Message) -> Result<()> {
    // The retries have a time limit of their own. This is the limit for what they may not see, such as a token that does
    // not come.
    timeout(CALL_TIMEOUT, publisher.publish(message)).await.context("Pub/Sub does not answer")??;
    Ok(())
}

fn anonymous() -> Credentials {
    anonymous::Builder::new().build()
}

fn single_try() -> impl google_cloud_gax::retry_policy::RetryPolicy {
    RetryableErrors.with_attempt_limit(1)
}

/// Neither publishers nor subscribers may look at what they use, unless they are given the viewer's role as well; that
/// the service says so is a sign of life.
fn judge<T>(answer: google_cloud_pubsub::Result<T>, name: &str) -> Result<()> {
    let Err(error) = answer else { return Ok(()) };
    match error.status().map(|status| status.code) {
        Some(Code::PermissionDenied) => Ok(()),
        Some(Code::NotFound) => bail!("{name} does not exist"),
        _ => Err(anyhow::Error::new(error).context(format!("cannot look at {name}"))),
    }
}
