use std::sync::atomic::{AtomicUsize, Ordering};

use headshot_core::{BlobKey, JobId, Rendition};

use super::support::{BUCKETS, Shop, bytes};

#[tokio::test]
async fn a_worker_that_lost_its_claim_changes_nothing() {
    let shop = Shop::open().await;
    let key = BlobKey::Artefact(JobId::new(), Rendition::Print);
    let mine = || async { Ok(true) };
    assert!(shop.blobs().put_while(key, "image/png", bytes(1, 5000), mine).await.unwrap());

    let lost = || async { Ok(false) };
    assert!(!shop.blobs().put_while(key, "image/png", bytes(2, 5000), lost).await.unwrap());
    assert_eq!(shop.blobs().get(key, 9000).await.unwrap().unwrap(), bytes(1, 5000));

    // Whoever holds the claim replaces what a predecessor left behind.
    assert!(shop.blobs().put_while(key, "image/png", bytes(3, 4000), mine).await.unwrap());
    assert_eq!(shop.blobs().get(key, 9000).await.unwrap().unwrap(), bytes(3, 4000));
}

#[tokio::test]
async fn a_worker_that_loses_its_claim_just_before_it_writes_changes_nothing() {
    let shop = Shop::open().await;
    let blobs = shop.blobs();
    let key = BlobKey::Artefact(JobId::new(), Rendition::Print);
    blobs.put(key, "image/png", bytes(1, 5000)).await.unwrap();
    let asked = AtomicUsize::new(0);
    // The claim holds when the late worker asks; then it is stopped for a minute, and its successor does all the work.
    let just_lost = || async {
        if asked.fetch_add(1, Ordering::SeqCst) > 0 {
            return Ok(false);
        }
        // That the successor's bytes are those that it finds must not make it leave them alone.
        assert!(blobs.put_while(key, "image/png", bytes(1, 5000), || async { Ok(true) }).await?);
        Ok(true)
    };
    assert!(!blobs.put_while(key, "image/png", bytes(2, 5000), just_lost).await.unwrap());
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(blobs.get(key, 9000).await.unwrap().unwrap(), bytes(1, 5000));
}

#[tokio::test]
async fn an_original_is_never_replaced() {
    let shop = Shop::open().await;
    let key = BlobKey::Original(JobId::new());
    shop.blobs().put(key, "image/jpeg", bytes(1, 100)).await.unwrap();
    shop.blobs().put(key, "image/jpeg", bytes(1, 100)).await.expect("the same again is no harm");
    shop.blobs().put(key, "image/jpeg", bytes(2, 100)).await.unwrap_err();
    let mut writer = shop.blobs().begin(key, "image/jpeg").await.unwrap();
    writer.write(bytes(3, 100)).await.unwrap();
    writer.commit().await.unwrap_err();
    assert_eq!(shop.blobs().get(key, 100).await.unwrap().unwrap(), bytes(1, 100));
    assert_eq!((shop.storage.writes(), shop.storage.objects(BUCKETS[0]).len()), (1, 1));
}
