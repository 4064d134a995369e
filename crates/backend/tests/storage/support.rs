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
        let settings = settings(&storage, BUCKETS);
        let backend = Backend::connect(&settings).await.expect("the fake is there");
        Self { storage, backend, folder }
    }

    pub fn blobs(&self) -> &Blobs {
        &self.backend.blobs
    }
}

/// A backend with its blobs in these buckets of the fake; nobody answers for records and tasks.
pub fn settings(storage: &FakeStorage, [originals, outputs]: [&str; 2]) -> BackendSettings {
    let fake = || Some(storage.address().to_string());
    BackendSettings::Gcp(GcpSettings {
        project_id: "shop".into(),
        bucket_original: originals.into(),
        bucket_output: outputs.into(),
        topic: "tasks".into(),
        pubsub_emulator: fake(),
        firestore_emulator: fake(),
        storage_emulator: fake(),
        ..GcpSettings::default()
    })
}

/// So many bytes, all the same.
pub fn bytes(byte: u8, length: usize) -> Bytes {
    vec![byte; length].into()
}
