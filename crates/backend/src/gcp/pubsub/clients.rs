use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use google_cloud_auth::credentials::{Credentials, anonymous};
use google_cloud_gax::retry_policy::RetryPolicyExt;
use google_cloud_pubsub::client::{BasePublisher, Publisher, Subscriber, SubscriptionAdmin, TopicAdmin};
use google_cloud_pubsub::retry_policy::RetryableErrors;

use crate::error::{Context, Result};
use crate::gcp::deadlines::RETRY_FOR;
use crate::gcp::emulator::emulator_url;
use crate::settings::GcpSettings;

/// What single calls are made with.
pub(super) struct Clients {
    pub(super) publisher: Publisher,
    pub(super) dead_letters: Option<Publisher>,
    pub(super) topics: TopicAdmin,
    pub(super) subscriptions: SubscriptionAdmin,
}

/// Makes clients, which connect when they are first used.
#[derive(Clone)]
pub(super) struct Maker {
    /// The emulator, if there is one, which asks for no credentials.
    emulator: Option<String>,
    topic: String,
    dead_letter_topic: Option<String>,
}

/// The four kinds of client are built alike, but their builders share no trait.
macro_rules! build {
    ($maker:expr, $builder:expr) => {{
        let builder = $builder;
        let builder = match &$maker.emulator {
            Some(url) => builder.with_endpoint(url).with_credentials(nobody()),
            None => builder,
        };
        builder.build().await.context("cannot set Pub/Sub up")
    }};
}

impl Maker {
    pub(super) fn new(settings: &GcpSettings, topic: &str, dead_letter_topic: Option<String>) -> Self {
        let emulator = settings.pubsub_emulator.as_deref().map(emulator_url);
        Self { emulator, topic: topic.to_owned(), dead_letter_topic }
    }

    pub(super) fn clients(self) -> BoxFuture<'static, Result<Clients>> {
        async move {
            // By default a publisher goes on trying for ten minutes.
            let patience = RetryableErrors.with_time_limit(RETRY_FOR);
            let publishers: BasePublisher =
                build!(self, BasePublisher::builder().with_retry_policy(patience))?;
            // Whoever publishes waits for the answer; there is nothing to gain by waiting for company.
            let publisher =
                |topic: &str| publishers.publisher(topic).set_message_count_threshold(1_u32).build();
            Ok(Clients {
                publisher: publisher(&self.topic),
                dead_letters: self.dead_letter_topic.as_deref().map(publisher),
                topics: build!(self, TopicAdmin::builder())?,
                subscriptions: build!(self, SubscriptionAdmin::builder())?,
            })
        }
        .boxed()
    }

    pub(super) async fn subscriber(&self) -> Result<Subscriber> {
        build!(self, Subscriber::builder())
    }
}

fn nobody() -> Credentials {
    anonymous::Builder::new().build()
}
