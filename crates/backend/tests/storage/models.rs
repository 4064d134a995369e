use headshot_backend::ModelObject;
use headshot_core::{BlobKey, JobId};
use headshot_fake_storage::Fault;
use sha2::{Digest, Sha256};

use super::support::{BUCKETS, Shop, bytes};

#[tokio::test]
async fn a_model_is_fetched_once_and_only_believed_with_its_checksum() {
    let shop = Shop::open().await;
    let id = JobId::new();
    // Any object will do for a model.
    let model = bytes(9, 3_000_000);
    shop.blobs().put(BlobKey::Original(id), "application/octet-stream", model.clone()).await.unwrap();
    let url = format!("gs://{}/{}", BUCKETS[0], BlobKey::Original(id).path());
    let sha256: String = Sha256::digest(&model).iter().map(|byte| format!("{byte:02x}")).collect();
    let (cache, emulator) = (shop.folder.path().join("models"), shop.storage.address().to_string());

    let wrong = ModelObject::parse(&url, &"0".repeat(64)).unwrap();
    let error = format!("{:#}", wrong.fetch(&cache, Some(&emulator)).await.unwrap_err());
    assert!(error.contains(&sha256) && error.contains(&url), "{error}");

    let right = ModelObject::parse(&format!("{url}#sha256={sha256}"), "").unwrap();
    let path = right.fetch(&cache, Some(&emulator)).await.unwrap();
    assert!(std::fs::read(&path).unwrap() == model);

    // The next start does without the network, and a damaged file is fetched again.
    shop.storage.set_fault(Fault::Unavailable);
    assert_eq!(right.fetch(&cache, Some(&emulator)).await.unwrap(), path);
    std::fs::write(&path, b"damaged").unwrap();
    right.fetch(&cache, Some(&emulator)).await.unwrap_err();
    shop.storage.set_fault(Fault::None);
    right.fetch(&cache, Some(&emulator)).await.unwrap();
    assert!(std::fs::read(&path).unwrap() == model);
}
