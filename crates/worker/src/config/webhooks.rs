use std::path::PathBuf;
use std::time::Duration;

use headshot_core::Reach;

use super::reader::Reader;
use crate::{WebhookArgs, WebhooksConfig};

/// The log in the record keeps the last twenty attempts.
const MOST_RETRIES: usize = 19;

pub(super) fn webhooks(read: &mut Reader, settings: &WebhookArgs, is_local: bool) -> WebhooksConfig {
    let file = settings.api_keys_file.trim();
    let reach = match settings.webhook_allow_private.trim() {
        "" | "0" | "false" => Reach::Public,
        "1" | "true" => Reach::Anywhere,
        other => {
            read.errors.push(format!("WEBHOOK_ALLOW_PRIVATE is {other:?}; it must be true or false"));
            Reach::Public
        }
    };
    if reach == Reach::Anywhere && !is_local {
        read.errors.push(
            "WEBHOOK_ALLOW_PRIVATE is true, but BACKEND is not \"local\": tenants could have any machine of the \
             network called"
                .into(),
        );
    }
    WebhooksConfig {
        keys_file: (!file.is_empty()).then(|| PathBuf::from(file)),
        retries: retries(read, &settings.webhook_retry_seconds),
        timeout: Duration::from_secs(read.whole(
            "WEBHOOK_TIMEOUT_SECONDS",
            &settings.webhook_timeout_seconds,
            1,
            60,
        )),
        reach,
    }
}

fn retries(read: &mut Reader, text: &str) -> Vec<Duration> {
    const A_DAY: u64 = 24 * 60 * 60;
    let seconds = text.split(',').map(|seconds| seconds.trim().parse::<u64>().ok());
    let seconds: Option<Vec<u64>> = seconds.collect();
    let good = |list: &Vec<u64>| list.len() <= MOST_RETRIES && list.iter().all(|n| (1..=A_DAY).contains(n));
    match seconds.filter(good) {
        Some(seconds) => seconds.into_iter().map(Duration::from_secs).collect(),
        None => {
            read.errors.push(format!(
                "WEBHOOK_RETRY_SECONDS is {text:?}; it must be up to {MOST_RETRIES} whole numbers from 1 to {A_DAY}, \
                 separated by commas"
            ));
            Vec::new()
        }
    }
}
