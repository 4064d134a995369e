use std::time::Duration;

use clap::{Args, Command, FromArgMatches};
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
struct All;

impl Listed for All {
    const GROUPS: &'static [Group] = &[STORE, GCP, SAMPLE];
    const COMPLAINT: Complaint = rule_first;
    const INVALID: &'static str = "wrong";
}

declare_settings! {
    SAMPLE under "Sample":
    /// Calls a minute; 0
    /// is no limit
    CALLS: u8 = number(1..=200).default("7").on_cloud_run("70"),
    /// How long
    WAIT: Duration = days(0..=u64::MAX).default("90"),
}

fn given(flags: &[&str]) -> Given<All> {
    let command = Given::<All>::augment_args(Command::new("program"));
    let matches = command.try_get_matches_from([&["program"], flags].concat()).expect("the flags exist");
    Given::from_arg_matches(&matches).expect("texts")
}

fn read<T>(flags: &[&str], get: impl FnOnce(&mut Reader) -> T) -> Result<T, String> {
    given(flags).read(get).map_err(|wrong| wrong.to_string())
}

const COMPLETE: [&str; 4] = [
    "--project-id=shop-1",
    "--gcs-bucket-original=shop-originals",
    "--gcs-bucket-output=shop-outputs",
    "--pubsub-topic=headshots",
];

fn gcp(flags: &[&str], subscribes: bool) -> Result<GcpSettings, String> {
    read(&[&COMPLETE[..], flags].concat(), |read| gcp::read(read, subscribes))
}

#[test]
fn a_default_is_written_once_and_may_be_another_on_cloud_run() {
    assert_eq!(read(&[], |read| read.get(&CALLS)), Ok(7));
    assert_eq!(read(&["--calls= "], |read| read.get(&CALLS)), Ok(7), "empty counts as not set");
    assert_eq!(read(&["--k-service=x"], |read| read.get(&CALLS)), Ok(70));
    let help = Given::<All>::augment_args(Command::new("program")).render_help().to_string();
    assert!(
        help.contains("Calls a minute; 0 is no limit [default: 7, on Cloud Run 70] [env: CALLS=]"),
        "{help}"
    );
    assert!(help.contains("How long [env: WAIT=] [default: 90]"), "{help}");
    assert!(!help.contains("K_SERVICE"), "{help}");
}

#[test]
fn a_number_may_be_too_large_for_its_unit() {
    let wrong = read(&["--wait", &u64::MAX.to_string()], |read| read.get(&WAIT)).unwrap_err();
    assert!(wrong.contains("WAIT must be a whole number"), "{wrong}");
}

proptest! {
    #[test]
    fn numbers_are_taken_in_their_range_and_refused_by_name_elsewhere(number: u64) {
        for number in [number, number % 256] {
            let calls = read(&["--calls", &number.to_string()], |read| read.get(&CALLS));
            match u8::try_from(number) {
                Ok(fits @ 1..=200) => prop_assert_eq!(calls, Ok(fits)),
                _ => prop_assert_eq!(
                    calls,
                    Err(format!("wrong:\n  - CALLS must be a whole number from 1 to 200; it is \"{number}\""))
                ),
            }
        }
    }

    #[test]
    fn whatever_is_set_is_understood_or_named_and_nothing_panics(text: String) {
        let everything = |read: &mut Reader| {
            let backend = backend(read, true, String::new());
            (gcp::read(read, true), webhook_reach(read, &backend), read.get(&CALLS), read.get(&WAIT))
        };
        for about in All::GROUPS.iter().flat_map(|group| group.settings) {
            let flag = format!("--{}=", about.name.to_lowercase().replace('_', "-"));
            let others = COMPLETE.iter().chain(&["--pubsub-subscription=pull"]);
            let others: Vec<&str> = others.copied().filter(|other| !other.starts_with(&flag)).collect();
            if let Err(wrong) = read(&[&others[..], &[&format!("{flag}{text}")]].concat(), everything) {
                prop_assert!(wrong.contains(about.name), "{} is missing in {}", about.name, wrong);
            }
        }
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let flags = [
        "--gcs-bucket-original=gs://shop",
        "--pubsub-topic=projects/shop/topics/headshots",
        "--firestore-emulator-host=here",
    ];
    let wrong = read(&flags, |read| gcp::read(read, true)).unwrap_err();
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
    let api = gcp(&["--k-service=x"], false).unwrap();
    assert_eq!((api.subscription, api.storage_emulator), (None, None));
    assert_eq!(
        (api.firestore_database.as_str(), api.firestore_collection.as_str()),
        ("(default)", "headshots")
    );
    gcp(&["--k-service=x"], true).unwrap_err();
}

#[test]
fn an_emulator_on_cloud_run_is_a_mistake() {
    let emulator = "--storage-emulator-host=127.0.0.1:9199";
    gcp(&[emulator], false).unwrap();
    for mark in ["--k-service=x", "--cloud-run-worker-pool=x"] {
        gcp(&[emulator, mark], false).unwrap_err();
    }
}

#[test]
fn one_bucket_for_both_is_refused() {
    let same = [
        "--project-id=shop-1",
        "--gcs-bucket-original=shop",
        "--gcs-bucket-output=shop",
        "--pubsub-topic=tasks",
    ];
    read(&same, |read| gcp::read(read, false)).unwrap_err();
}
