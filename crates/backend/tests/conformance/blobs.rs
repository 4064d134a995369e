//! Blobs: whole or not at all, with their content type, and behind URLs that expire.

use std::time::Duration;

use bytes::Bytes;
use headshot_core::{BlobKey, JobId, Rendition};
use tokio::time::sleep;

use super::support::{LONG, TestBackend};

const MIB: usize = 1024 * 1024;

pub async fn a_blob_comes_back_as_it_was_written(test: &TestBackend) {
    let blobs = &test.backend.blobs;
    let job = JobId::new();
    let photo = noise(3 * MIB + 7);
    let mut writer = blobs.begin(BlobKey::Original(job), "image/jpeg").await.unwrap();
    for chunk in photo.chunks(16 * 1024 + 1) {
        writer.write(Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    writer.commit().await.unwrap();
    assert!(blobs.get(BlobKey::Original(job), 4 * MIB as u64).await.unwrap().unwrap() == photo);

    let preview = BlobKey::Artefact(job, Rendition::Preview);
    blobs.put(preview, "image/png", Bytes::from_static(b"")).await.unwrap();
    assert_eq!(blobs.get(preview, 0).await.unwrap().unwrap(), Bytes::new(), "an empty blob is a blob");
}

pub async fn a_missing_blob_is_none(test: &TestBackend) {
    let key = BlobKey::Original(JobId::new());
    assert_eq!(test.backend.blobs.get(key, 1).await.unwrap(), None);
    test.backend.blobs.delete(key).await.unwrap();
}

pub async fn an_aborted_upload_leaves_nothing(test: &TestBackend) {
    let blobs = &test.backend.blobs;
    let key = BlobKey::Original(JobId::new());
    let mut writer = blobs.begin(key, "image/jpeg").await.unwrap();
    writer.write(noise(MIB)).await.unwrap();
    drop(writer);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(blobs.get(key, u64::MAX).await.unwrap(), None);

    // The customer tries again, and this time the connection holds.
    blobs.put(key, "image/jpeg", Bytes::from_static(b"photo")).await.unwrap();
    assert_eq!(blobs.get(key, 5).await.unwrap().unwrap(), "photo");
}

pub async fn an_upload_is_invisible_until_committed(test: &TestBackend) {
    let blobs = &test.backend.blobs;
    let key = BlobKey::Original(JobId::new());
    let mut writer = blobs.begin(key, "image/jpeg").await.unwrap();
    writer.write(noise(MIB)).await.unwrap();
    assert_eq!(blobs.get(key, u64::MAX).await.unwrap(), None);
    writer.commit().await.unwrap();
    assert_eq!(blobs.get(key, u64::MAX).await.unwrap().unwrap().len(), MIB);
}

pub async fn committing_twice_is_harmless(test: &TestBackend) {
    let blobs = &test.backend.blobs;
    let key = BlobKey::Artefact(JobId::new(), Rendition::Print);
    let print = noise(2 * MIB);
    // Two workers that both believe the job is theirs store the same artefact at the same time.
    let puts = (0..4).map(|_| {
        let (blobs, print) = (blobs.clone(), print.clone());
        tokio::spawn(async move { blobs.put(key, "image/png", print).await })
    });
    for put in puts.collect::<Vec<_>>() {
        put.await.unwrap().unwrap();
    }
    assert!(blobs.get(key, u64::MAX).await.unwrap().unwrap() == print);
}

pub async fn the_last_content_type_stays(test: &TestBackend) {
    let blobs = &test.backend.blobs;
    let key = BlobKey::Original(JobId::new());
    for content_type in ["image/heic", "image/webp"] {
        blobs.put(key, content_type, Bytes::from_static(b"photo")).await.unwrap();
        let url = blobs.signed_url(key, LONG).await.unwrap();
        assert_eq!(
            test.download(&url).await.unwrap(),
            (Bytes::from_static(b"photo"), content_type.to_owned())
        );
    }
}

pub async fn a_blob_over_the_limit_is_an_error(test: &TestBackend) {
    let blobs = &test.backend.blobs;
    let key = BlobKey::Original(JobId::new());
    blobs.put(key, "image/jpeg", noise(1000)).await.unwrap();
    assert!(blobs.get(key, 999).await.is_err());
    assert_eq!(blobs.get(key, 1000).await.unwrap().unwrap().len(), 1000);
}

pub async fn a_deleted_blob_is_gone(test: &TestBackend) {
    let blobs = &test.backend.blobs;
    let job = JobId::new();
    let [preview, print] =
        [Rendition::Preview, Rendition::Print].map(|rendition| BlobKey::Artefact(job, rendition));
    for key in [preview, print] {
        blobs.put(key, "image/png", Bytes::from_static(b"png")).await.unwrap();
    }
    blobs.delete(preview).await.unwrap();
    blobs.delete(preview).await.unwrap();
    assert_eq!(blobs.get(preview, 10).await.unwrap(), None);
    assert_eq!(blobs.get(print, 10).await.unwrap().unwrap(), "png", "its neighbour stays");
    blobs.put(preview, "image/png", Bytes::from_static(b"new")).await.unwrap();
    assert_eq!(blobs.get(preview, 10).await.unwrap().unwrap(), "new");
}

pub async fn a_signed_url_downloads_the_blob(test: &TestBackend) {
    let key = BlobKey::Artefact(JobId::new(), Rendition::Preview);
    let preview = noise(MIB);
    test.backend.blobs.put(key, "image/png", preview.clone()).await.unwrap();
    let url = test.backend.blobs.signed_url(key, LONG).await.unwrap();
    assert!(url.starts_with(&test.backend.blobs.links_begin_with()), "links begin otherwise");
    let (bytes, content_type) = test.download(&url).await.unwrap();
    assert!(bytes == preview);
    assert_eq!(content_type, "image/png");

    let other = test.another_process().await.blobs.signed_url(key, LONG).await.unwrap();
    test.download(&other).await.expect("what one process signs, another honours");
}

pub async fn a_signed_url_expires(test: &TestBackend) {
    let key = BlobKey::Artefact(JobId::new(), Rendition::Preview);
    test.backend.blobs.put(key, "image/png", Bytes::from_static(b"png")).await.unwrap();
    let url = test.backend.blobs.signed_url(key, Duration::from_secs(2)).await.unwrap();
    test.download(&url).await.expect("it is good at first");
    sleep(Duration::from_millis(2100)).await;
    test.download(&url).await.expect_err("it is good no longer");
}

pub async fn a_tampered_url_is_refused(test: &TestBackend) {
    let blobs = &test.backend.blobs;
    let (mine, yours) = (JobId::new(), JobId::new());
    for job in [mine, yours] {
        for rendition in Rendition::ALL {
            blobs
                .put(BlobKey::Artefact(job, rendition), "image/png", Bytes::from_static(b"png"))
                .await
                .unwrap();
        }
    }
    let url = blobs.signed_url(BlobKey::Artefact(mine, Rendition::Preview), LONG).await.unwrap();
    test.download(&url).await.expect("as it was given out it is good");

    let last = url.chars().last().unwrap();
    let changed_digit = format!("{}{}", &url[..url.len() - 1], if last == '0' { '1' } else { '0' });
    let shortened = url[..url.len() - 2].to_owned();
    let tampered = [
        url.replace(&mine.to_string(), &yours.to_string()),
        url.replace("preview.png", "print.png"),
        changed_digit,
        shortened,
    ];
    for tampered in tampered {
        test.download(&tampered).await.expect_err(&tampered);
    }
}

/// Bytes in which no chunk is like another.
fn noise(length: usize) -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let byte = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(byte).collect()
}
