//! Announced photos, as rows.

use std::time::Duration;

use headshot_backend::PendingUpload;
use headshot_core::JobId;
use jiff::Timestamp;

use super::support::TestBackend;

pub async fn an_upload_is_remembered_until_it_expires_or_is_forgotten(test: &TestBackend) {
    let uploads = &test.backend.uploads;
    let upload = pending(Duration::from_secs(600));
    uploads.create(&upload).await.unwrap();
    let elsewhere = test.another_process().await.uploads;
    assert_eq!(elsewhere.get(upload.id).await.unwrap(), Some(upload.clone()));
    uploads.forget(upload.id).await.unwrap();
    uploads.forget(upload.id).await.unwrap();
    assert_eq!(uploads.get(upload.id).await.unwrap(), None);

    let nameless = PendingUpload { file_name: None, ..pending(Duration::ZERO) };
    uploads.create(&nameless).await.unwrap();
    assert_eq!(uploads.get(nameless.id).await.unwrap(), None, "it has expired");
    assert_eq!(uploads.get(JobId::new()).await.unwrap(), None);
}

/// One that expires so far in the future.
pub fn pending(expires: Duration) -> PendingUpload {
    let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).expect("the present");
    PendingUpload {
        id: JobId::new(),
        tenant: "acme".parse().expect("a tenant"),
        content_type: "image/heic".into(),
        bytes: 31_415_926,
        file_name: Some("../../Rex & „Luna“ 🐶.heic".into()),
        expire_at: now + expires,
    }
}
