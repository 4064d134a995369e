use std::time::{Duration, Instant};

use headshot_backend::Backend;
use headshot_core::{BlobKey, JobId, Rendition};
use headshot_fake_storage::Fault;
use tokio::time::sleep;

use super::support::{BUCKETS, Shop, bytes, settings};

/// The API has 10 s to say 503, and may make two calls.
const SOON: Duration = Duration::from_millis(5600);

#[tokio::test]
async fn a_lost_answer_is_asked_for_again() {
    let shop = Shop::open().await;
    let key = BlobKey::Artefact(JobId::new(), Rendition::Preview);
    shop.storage.set_fault(Fault::LoseAnswers);
    let (put, ()) = tokio::join!(shop.blobs().put(key, "image/png", bytes(1, 5000)), async {
        sleep(Duration::from_millis(600)).await;
        shop.storage.set_fault(Fault::None);
    });
    // Where many attempts fail the client throttles itself, by chance, and gives up early. Then its caller tries again.
    if put.is_err() {
        shop.blobs().put(key, "image/png", bytes(1, 5000)).await.expect("nothing is lost any more");
    }
    // Whoever asks again finds what the first attempt stored.
    assert_eq!(shop.storage.writes(), 1);
}

#[tokio::test]
async fn an_outage_is_an_error_within_seconds_and_over_when_it_is_over() {
    for fault in [Fault::Unavailable, Fault::Stall, Fault::Cut] {
        let shop = Shop::open().await;
        let blobs = shop.blobs();
        let [there, other] = [JobId::new(), JobId::new()].map(BlobKey::Original);
        blobs.put(there, "image/jpeg", bytes(1, 100)).await.unwrap();

        shop.storage.set_fault(fault);
        let started = Instant::now();
        let upload = async {
            let mut writer = blobs.begin(other, "image/jpeg").await?;
            writer.write(bytes(1, 100)).await?;
            writer.commit().await
        };
        let (uploaded, put, got, deleted, health) = tokio::join!(
            upload,
            blobs.put(BlobKey::Artefact(JobId::new(), Rendition::Preview), "image/png", bytes(1, 100)),
            blobs.get(there, 100),
            blobs.delete(there),
            shop.backend.check(),
        );
        assert!(started.elapsed() < SOON, "{fault:?} took {:?}", started.elapsed());
        for error in
            [uploaded.unwrap_err(), put.unwrap_err(), got.map(drop).unwrap_err(), deleted.unwrap_err()]
        {
            println!("{fault:?}: {error:#}");
        }
        assert!(health.storage.is_err(), "{health:?}");

        shop.storage.set_fault(Fault::None);
        assert_eq!(blobs.get(there, 100).await.unwrap().unwrap(), bytes(1, 100));
        assert_eq!(shop.backend.check().await.storage, Ok(()));
        assert_eq!(shop.storage.objects(BUCKETS[0]).len(), 1, "nothing half-written is left");
    }
}

#[tokio::test]
async fn an_upload_into_a_stall_ends() {
    let shop = Shop::open().await;
    shop.storage.set_fault(Fault::Stall);
    let started = Instant::now();
    let mut writer = shop.blobs().begin(BlobKey::Original(JobId::new()), "image/jpeg").await.unwrap();
    let written = async {
        // More than any buffer on the way takes.
        for _ in 0..2000 {
            writer.write(bytes(1, 64 * 1024)).await?;
        }
        anyhow::Ok(())
    };
    println!("{:#}", written.await.unwrap_err());
    assert!(started.elapsed() < SOON, "it took {:?}", started.elapsed());
}

#[tokio::test]
async fn a_bucket_that_does_not_exist_is_not_a_missing_blob() {
    let shop = Shop::open().await;
    let settings = settings(&shop.storage, ["mistyped", "mistyped-too"]);
    let backend = Backend::connect(&settings).await.unwrap();
    let key = BlobKey::Original(JobId::new());
    println!("{:#}", backend.blobs.get(key, 1).await.unwrap_err());
    println!("{:#}", backend.blobs.delete(key).await.unwrap_err());
    println!("{}", backend.check().await.storage.unwrap_err());
}
