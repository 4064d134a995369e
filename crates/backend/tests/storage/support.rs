use bytes::Bytes;
use headshot_backend::{Backend, BackendSettings, Blobs, GcpSettings};
use headshot_fake_storage::FakeStorage;
use tempfile::TempDir;

/// The buckets of originals and of outputs.
pub const BUCKETS: [&str; 2] = ["shop-originals", "shop-outputs"];

/// Blobs on a fake of their own.
pub struct Shop {
    pub storage: FakeStorage,
    pub backend: Backend,
    pub folder: TempDir,
}

impl Shop {
    pub async fn open() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let storage = FakeStorage::start_anywhere(&folder.path().join("storage"), &BUCKETS)
            .await
            .expect("the fake starts");
        // Firestore's client wants a connection at once, and gets one, though nobody answers on it.
        let fake = || Some(storage.address().to_string());
        let settings = BackendSettings::Gcp(GcpSettings {
            project_id: "shop".into(),
            bucket_original: BUCKETS[0].into(),
            bucket_output: BUCKETS[1].into(),
            topic: "tasks".into(),
            pubsub_emulator: fake(),
            firestore_emulator: fake(),
            storage_emulator: fake(),
            ..GcpSettings::default()
        });
        let backend = Backend::connect(&settings).await.expect("the fake is there");
        Self { storage, backend, folder }
    }

    pub fn blobs(&self) -> &Blobs {
        &self.backend.blobs
    }
}

/// So many bytes, all the same.
pub fn bytes(byte: u8, length: usize) -> Bytes {
    vec![byte; length].into()
}
