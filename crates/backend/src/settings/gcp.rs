//! The settings of the Google Cloud backend. Both programs have them.

use std::time::Duration;

use super::reader::Reader;
use super::setting::{Setting, declare_settings, parsed};

declare_settings! {
    /// What Google Cloud needs; looked at with BACKEND=gcp only.
    pub GCP under "Google Cloud (BACKEND=gcp)":

    /// The project that owns buckets, topic and database
    PROJECT_ID: String = named("must be the id of a project", project).value("ID"),
    /// Bucket of what customers sent
    GCS_BUCKET_ORIGINAL: String = bucket(),
    /// Bucket of finished pictures
    GCS_BUCKET_OUTPUT: String = bucket(),
    /// Pub/Sub topic of tasks, by its short name
    PUBSUB_TOPIC: String = pubsub(),
    /// Pub/Sub subscription that workers pull from, by its short name; the API needs none
    PUBSUB_SUBSCRIPTION: String = pubsub(),
    /// Topic for tasks that nobody can act on; without it they are left to the subscription's dead-letter
    /// policy
    PUBSUB_DEAD_LETTER_TOPIC: String = pubsub(),
    /// Firestore database
    FIRESTORE_DATABASE: String =
        named("must be (default) or lower-case letters, digits and hyphens", database).default("(default)"),
    /// Firestore collection of job records
    FIRESTORE_COLLECTION: String =
        named("must be the name of a collection, without /", collection).default("headshots"),
    /// A Pub/Sub emulator to use instead of Google's service, without credentials
    PUBSUB_EMULATOR_HOST: String = emulator(),
    /// A Firestore emulator, likewise
    FIRESTORE_EMULATOR_HOST: String = emulator(),
    /// Something that speaks Cloud Storage's protocols, likewise
    STORAGE_EMULATOR_HOST: String = emulator(),
}

/// Settings of the Google Cloud backend. The resources exist already; nothing is created here.
#[derive(Clone, Debug)]
pub struct GcpSettings {
    /// The project that owns all of it.
    pub project_id: String,
    /// The bucket of what customers sent.
    pub bucket_original: String,
    /// The bucket of what workers made.
    pub bucket_output: String,
    /// The Pub/Sub topic that tasks are published to, by its short name.
    pub topic: String,
    /// The subscription that workers pull from, by its short name. The API needs none.
    pub subscription: Option<String>,
    /// The topic for tasks that nobody can act on, by its short name. Without it they are left to the
    /// subscription's own dead-letter policy.
    pub dead_letter_topic: Option<String>,
    /// The Firestore database.
    pub firestore_database: String,
    /// The collection of job records.
    pub firestore_collection: String,
    /// How long a delivery stays with a worker that gives no more sign of life; between 10 s and 10 min.
    pub task_lease: Duration,
    /// `host:port` of a Pub/Sub emulator to use instead of Google's service, without credentials.
    pub pubsub_emulator: Option<String>,
    /// `host:port` of a Firestore emulator, likewise.
    pub firestore_emulator: Option<String>,
    /// `host:port` of something that speaks Cloud Storage's protocols, likewise.
    pub storage_emulator: Option<String>,
}

impl Default for GcpSettings {
    /// Google's own services, Firestore's default database, the collection `headshots` and a lease of 20 s;
    /// what has no sensible default is empty. The client extends leases every few seconds; a short one is
    /// what brings a task back soon from a stream that died unnoticed.
    fn default() -> Self {
        Self {
            project_id: String::new(),
            bucket_original: String::new(),
            bucket_output: String::new(),
            topic: String::new(),
            subscription: None,
            dead_letter_topic: None,
            firestore_database: FIRESTORE_DATABASE.about.default.into(),
            firestore_collection: FIRESTORE_COLLECTION.about.default.into(),
            task_lease: Duration::from_secs(20),
            pubsub_emulator: None,
            firestore_emulator: None,
            storage_emulator: None,
        }
    }
}

/// Reads all of it. A program that pulls tasks `subscribes`, and needs a subscription for it.
pub(super) fn read(read: &mut Reader, subscribes: bool) -> GcpSettings {
    let settings = GcpSettings {
        project_id: required(read, &PROJECT_ID),
        bucket_original: required(read, &GCS_BUCKET_ORIGINAL),
        bucket_output: required(read, &GCS_BUCKET_OUTPUT),
        topic: required(read, &PUBSUB_TOPIC),
        firestore_database: read.get(&FIRESTORE_DATABASE),
        firestore_collection: read.get(&FIRESTORE_COLLECTION),
        subscription: if subscribes {
            Some(required(read, &PUBSUB_SUBSCRIPTION))
        } else {
            read.optional(&PUBSUB_SUBSCRIPTION)
        },
        dead_letter_topic: read.optional(&PUBSUB_DEAD_LETTER_TOPIC),
        pubsub_emulator: off_cloud_run(read, &PUBSUB_EMULATOR_HOST),
        firestore_emulator: off_cloud_run(read, &FIRESTORE_EMULATOR_HOST),
        storage_emulator: off_cloud_run(read, &STORAGE_EMULATOR_HOST),
        ..GcpSettings::default()
    };
    if !settings.bucket_original.is_empty() && settings.bucket_original == settings.bucket_output {
        read.wrong(
            "GCS_BUCKET_ORIGINAL and GCS_BUCKET_OUTPUT must differ: who may read the one may not read the other",
        );
    }
    settings
}

fn required(read: &mut Reader, setting: &Setting<String>) -> String {
    if !read.is_set(setting) {
        read.wrong(format!("{} is not set; BACKEND=gcp needs it", setting.about.name));
    }
    read.optional(setting).unwrap_or_default()
}

/// On Google Cloud an emulator can only be a mistake.
fn off_cloud_run(read: &mut Reader, setting: &Setting<String>) -> Option<String> {
    if read.is_set(setting) && read.on_cloud_run().is_some() {
        read.wrong(format!(
            "{} is set, but this is Cloud Run, where there is no emulator",
            setting.about.name
        ));
        return None;
    }
    read.optional(setting)
}

const fn named(rule: &'static str, value: fn(&str) -> Option<String>) -> Setting<String> {
    parsed(rule, value).value("NAME")
}

const fn bucket() -> Setting<String> {
    named("must be the name of a bucket, without gs://", |name| {
        let fits =
            (3..=222).contains(&name.len()) && name.chars().all(|c| lower_case(c) || "-_.".contains(c));
        fits.then(|| name.into())
    })
}

const fn pubsub() -> Setting<String> {
    named("must be a short name of letters, digits and -_.~+%, such as headshots", |name| {
        let fits = (3..=255).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~+%".contains(c));
        fits.then(|| name.into())
    })
}

const fn emulator() -> Setting<String> {
    let rule = "must be host:port, such as 127.0.0.1:8085";
    parsed(rule, |text| {
        let (host, port) = text.strip_prefix("http://").unwrap_or(text).rsplit_once(':')?;
        (!host.is_empty() && port.parse::<u16>().is_ok()).then(|| text.into())
    })
    .value("HOST:PORT")
}

fn project(name: &str) -> Option<String> {
    // Old projects of a domain are called example.com:project.
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| lower_case(c) || "-.:".contains(c));
    fits.then(|| name.into())
}

fn database(name: &str) -> Option<String> {
    let fits = name == "(default)" || name.chars().all(|c| lower_case(c) || c == '-');
    fits.then(|| name.into())
}

fn collection(name: &str) -> Option<String> {
    let reserved = matches!(name, "." | "..") || (name.starts_with("__") && name.ends_with("__"));
    (!name.contains('/') && !reserved).then(|| name.into())
}

fn lower_case(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}
