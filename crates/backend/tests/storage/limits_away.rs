//! Limits while Firestore does not answer.

use std::time::Duration;

use headshot_backend::{Allowance, Backend, BackendSettings, GcpSettings};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;

/// A backend whose Firestore takes connections and says nothing, or does not even do that.
async fn without_firestore(silent: Option<&TcpListener>) -> Backend {
    let nowhere = || Some("127.0.0.1:9".to_owned());
    let firestore = silent.map_or_else(nowhere, |silent| Some(silent.local_addr().unwrap().to_string()));
    let settings = BackendSettings::Gcp(GcpSettings {
        project_id: "shop".into(),
        bucket_original: "shop-originals".into(),
        bucket_output: "shop-outputs".into(),
        topic: "tasks".into(),
        pubsub_emulator: nowhere(),
        firestore_emulator: firestore,
        storage_emulator: nowhere(),
        ..GcpSettings::default()
    });
    Backend::connect(&settings).await.expect("nothing is asked of anybody yet")
}

#[tokio::test]
async fn each_process_counts_alone_and_never_lets_in_more_than_the_limit() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for backend in [without_firestore(None).await, without_firestore(Some(&silent)).await] {
        let limits = &backend.limits;
        let allowance = Allowance::per_minute("key:k_1".into(), 12);
        let first = tokio::time::timeout(Duration::from_secs(10), limits.take(&allowance));
        assert!(first.await.expect("nobody waits for ever").granted);
        let mut granted = 1;
        while limits.take(&allowance).await.granted {
            granted += 1;
        }
        assert!((12..=13).contains(&granted), "{granted} of 12, and perhaps one that came back");
        let refused = limits.take(&allowance).await;
        assert!(!refused.granted && refused.retry_after <= Duration::from_secs(5), "{refused:?}");

        // Of a quota of which nothing is known there is a hundredth.
        let ends = Some(Timestamp::now() + SignedDuration::from_hours(1));
        let quota = Allowance { bucket: "month:k_1".into(), capacity: 500, per_minute: 0, ends };
        let mut granted = 0;
        while limits.take(&quota).await.granted {
            granted += 1;
        }
        assert_eq!(granted, 5);
    }
}
