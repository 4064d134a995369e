//! The settings of the Google Cloud backend as people give them. Both programs have them, so they are said once.

use clap::Args;

use crate::settings::GcpSettings;

/// What Google Cloud needs, as text: from flags, else from the environment. Used with BACKEND=gcp only.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Google Cloud (BACKEND=gcp)")]
pub struct GcpArgs {
    /// The project that owns buckets, topic and database
    #[arg(long, env = "PROJECT_ID", default_value = "", hide_default_value = true, value_name = "ID")]
    pub project_id: String,

    /// Bucket of what customers sent
    #[arg(
        long,
        env = "GCS_BUCKET_ORIGINAL",
        default_value = "",
        hide_default_value = true,
        value_name = "NAME"
    )]
    pub gcs_bucket_original: String,

    /// Bucket of finished pictures
    #[arg(
        long,
        env = "GCS_BUCKET_OUTPUT",
        default_value = "",
        hide_default_value = true,
        value_name = "NAME"
    )]
    pub gcs_bucket_output: String,

    /// Pub/Sub topic of tasks, by its short name
    #[arg(long, env = "PUBSUB_TOPIC", default_value = "", hide_default_value = true, value_name = "NAME")]
    pub pubsub_topic: String,

    /// Pub/Sub subscription that workers pull from, by its short name; the API needs none
    #[arg(
        long,
        env = "PUBSUB_SUBSCRIPTION",
        default_value = "",
        hide_default_value = true,
        value_name = "NAME"
    )]
    pub pubsub_subscription: String,

    /// Topic for tasks that nobody can act on; without it they are left to the subscription's dead-letter policy
    #[arg(
        long,
        env = "PUBSUB_DEAD_LETTER_TOPIC",
        default_value = "",
        hide_default_value = true,
        value_name = "NAME"
    )]
    pub pubsub_dead_letter_topic: String,

    /// Firestore database
    #[arg(long, env = "FIRESTORE_DATABASE", default_value = "(default)", value_name = "NAME")]
    pub firestore_database: String,

    /// Firestore collection of job records
    #[arg(long, env = "FIRESTORE_COLLECTION", default_value = "headshots", value_name = "NAME")]
    pub firestore_collection: String,

    /// A Pub/Sub emulator to use instead of Google's service, without credentials
    #[arg(
        long,
        env = "PUBSUB_EMULATOR_HOST",
        default_value = "",
        hide_default_value = true,
        value_name = "HOST:PORT"
    )]
    pub pubsub_emulator_host: String,

    /// A Firestore emulator, likewise
    #[arg(
        long,
        env = "FIRESTORE_EMULATOR_HOST",
        default_value = "",
        hide_default_value = true,
        value_name = "HOST:PORT"
    )]
    pub firestore_emulator_host: String,

    /// Something that speaks Cloud Storage's protocols, likewise
    #[arg(
        long,
        env = "STORAGE_EMULATOR_HOST",
        default_value = "",
        hide_default_value = true,
        value_name = "HOST:PORT"
    )]
    pub storage_emulator_host: String,
}

/// Who is asking, which decides what must be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GcpUse {
    /// The program pulls tasks, so it needs a subscription.
    pub subscribes: bool,
    /// The program runs on Google Cloud, where an emulator can only be a mistake.
    pub on_cloud_run: bool,
}

impl GcpArgs {
    /// The project, where one is named: log lines say their trace by it, whatever the backend.
    pub fn project(&self) -> Option<&str> {
        Some(self.project_id.trim()).filter(|id| !id.is_empty())
    }

    /// Checks everything.
    ///
    /// # Errors
    /// All that is wrong, a sentence each.
    pub fn check(&self, asked: GcpUse) -> Result<GcpSettings, Vec<String>> {
        let mut wrong = Vec::new();
        let mut required = |name: &str, value: &str, rule: &str, fits: fn(&str) -> bool| {
            let value = value.trim();
            if value.is_empty() {
                wrong.push(format!("{name} is not set; BACKEND=gcp needs it"));
            } else if !fits(value) {
                wrong.push(format!("{name} must be {rule}; it is {value:?}"));
            }
            value.to_owned()
        };
        let or = |value: &str, default: &str| -> String {
            if value.trim().is_empty() { default.into() } else { value.into() }
        };
        let short = "a short name of letters, digits and -_.~+%, such as headshots";
        let bucket = "the name of a bucket, without gs://";
        let mut settings = GcpSettings {
            project_id: required("PROJECT_ID", &self.project_id, "the id of a project", is_project),
            bucket_original: required("GCS_BUCKET_ORIGINAL", &self.gcs_bucket_original, bucket, is_bucket),
            bucket_output: required("GCS_BUCKET_OUTPUT", &self.gcs_bucket_output, bucket, is_bucket),
            topic: required("PUBSUB_TOPIC", &self.pubsub_topic, short, is_pubsub_name),
            firestore_database: required(
                "FIRESTORE_DATABASE",
                &or(&self.firestore_database, "(default)"),
                "(default) or lower-case letters, digits and hyphens",
                is_database,
            ),
            firestore_collection: required(
                "FIRESTORE_COLLECTION",
                &or(&self.firestore_collection, "headshots"),
                "the name of a collection, without /",
                is_collection,
            ),
            ..GcpSettings::default()
        };
        if asked.subscribes || !self.pubsub_subscription.trim().is_empty() {
            let name = required("PUBSUB_SUBSCRIPTION", &self.pubsub_subscription, short, is_pubsub_name);
            settings.subscription = Some(name);
        }
        if !self.pubsub_dead_letter_topic.trim().is_empty() {
            let topic = &self.pubsub_dead_letter_topic;
            settings.dead_letter_topic =
                Some(required("PUBSUB_DEAD_LETTER_TOPIC", topic, short, is_pubsub_name));
        }
        if !settings.bucket_original.is_empty() && settings.bucket_original == settings.bucket_output {
            wrong.push(
                "GCS_BUCKET_ORIGINAL and GCS_BUCKET_OUTPUT must differ: who may read the one may not read the other"
                    .into(),
            );
        }
        let mut emulator = |name: &str, value: &str| {
            let value = value.trim();
            if value.is_empty() {
                return None;
            }
            if asked.on_cloud_run {
                wrong.push(format!("{name} is set, but this is Cloud Run, where there is no emulator"));
            } else if !is_host_and_port(value) {
                wrong.push(format!("{name} must be host:port, such as 127.0.0.1:8085; it is {value:?}"));
            }
            Some(value.to_owned())
        };
        settings.pubsub_emulator = emulator("PUBSUB_EMULATOR_HOST", &self.pubsub_emulator_host);
        settings.firestore_emulator = emulator("FIRESTORE_EMULATOR_HOST", &self.firestore_emulator_host);
        settings.storage_emulator = emulator("STORAGE_EMULATOR_HOST", &self.storage_emulator_host);
        if wrong.is_empty() { Ok(settings) } else { Err(wrong) }
    }
}

fn is_project(name: &str) -> bool {
    // Old projects of a domain are called example.com:project.
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:".contains(c))
}

fn is_bucket(name: &str) -> bool {
    (3..=222).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c))
}

fn is_pubsub_name(name: &str) -> bool {
    (3..=255).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~+%".contains(c))
}

fn is_database(name: &str) -> bool {
    name == "(default)" || name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn is_collection(name: &str) -> bool {
    let reserved = matches!(name, "." | "..") || (name.starts_with("__") && name.ends_with("__"));
    !name.contains('/') && !reserved
}

fn is_host_and_port(text: &str) -> bool {
    let text = text.strip_prefix("http://").unwrap_or(text);
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> GcpArgs {
        GcpArgs {
            project_id: "shop-1".into(),
            gcs_bucket_original: "shop-originals".into(),
            gcs_bucket_output: "shop-outputs".into(),
            pubsub_topic: "headshots".into(),
            ..GcpArgs::default()
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let args = GcpArgs {
            gcs_bucket_original: "gs://shop".into(),
            pubsub_topic: "projects/shop/topics/headshots".into(),
            firestore_emulator_host: "here".into(),
            ..GcpArgs::default()
        };
        let wrong = args.check(GcpUse { subscribes: true, on_cloud_run: false }).unwrap_err().join("\n");
        for name in [
            "PROJECT_ID is not set",
            "GCS_BUCKET_ORIGINAL must be",
            "GCS_BUCKET_OUTPUT is not set",
            "PUBSUB_TOPIC must be",
            "PUBSUB_SUBSCRIPTION is not set",
            "FIRESTORE_EMULATOR_HOST must be",
        ] {
            assert!(wrong.contains(name), "{name} is missing in {wrong}");
        }
    }

    #[test]
    fn only_who_pulls_needs_a_subscription() {
        let api = complete().check(GcpUse { subscribes: false, on_cloud_run: true }).unwrap();
        assert_eq!((api.subscription, api.storage_emulator), (None, None));
        assert_eq!(
            (api.firestore_database.as_str(), api.firestore_collection.as_str()),
            ("(default)", "headshots")
        );
        complete().check(GcpUse { subscribes: true, on_cloud_run: true }).unwrap_err();
    }

    #[test]
    fn an_emulator_on_cloud_run_is_a_mistake() {
        let args = GcpArgs { storage_emulator_host: "127.0.0.1:9199".into(), ..complete() };
        args.check(GcpUse { subscribes: false, on_cloud_run: false }).unwrap();
        args.check(GcpUse { subscribes: false, on_cloud_run: true }).unwrap_err();
    }

    #[test]
    fn one_bucket_for_both_is_refused() {
        let args = GcpArgs { gcs_bucket_output: "shop-originals".into(), ..complete() };
        args.check(GcpUse { subscribes: false, on_cloud_run: false }).unwrap_err();
    }
}
