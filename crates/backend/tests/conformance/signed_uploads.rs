//! Links that take one blob, of one type and size, once.

use std::time::Duration;

use bytes::Bytes;
use headshot_backend::{PendingUpload, SignedUpload, UploadTerms};
use headshot_core::{BlobKey, JobId};
use tokio::time::sleep;

use super::support::{LONG, TestBackend};
use super::uploads::pending;

const PHOTO: &[u8] = b"a photo of a dog";

pub async fn what_is_put_comes_back_in_pieces(test: &TestBackend) {
    let (terms, link) = announce(test, LONG).await;
    assert!(test.backend.blobs.open(terms.key).await.unwrap().is_none(), "nothing is there yet");
    test.put(&link.url, &link.headers, PHOTO).await.unwrap();

    let mut reader = test.backend.blobs.open(terms.key).await.unwrap().expect("it is there now");
    test.backend.blobs.delete(terms.key).await.unwrap();
    let mut read = Vec::new();
    while let Some(chunk) = reader.next().await.unwrap() {
        read.extend_from_slice(&chunk);
    }
    assert_eq!(read, PHOTO);
}

pub async fn a_link_takes_one_blob(test: &TestBackend) {
    let (terms, link) = announce(test, LONG).await;
    test.put(&link.url, &link.headers, PHOTO).await.unwrap();
    let mut other = PHOTO.to_vec();
    other[0] = b'A';
    test.put(&link.url, &link.headers, &other).await.expect_err("the link is used up");
    assert_eq!(stored(test, terms.key).await.unwrap(), PHOTO);
}

pub async fn of_several_at_a_time_one_is_stored_whole(test: &TestBackend) {
    let (terms, link) = announce(test, LONG).await;
    let photos: Vec<Vec<u8>> = (0..6).map(|n| vec![n; PHOTO.len()]).collect();
    let puts = photos.iter().map(|photo| test.put(&link.url, &link.headers, photo));
    let outcomes = futures_util::future::join_all(puts).await;
    let winner = outcomes.iter().position(Result::is_ok).expect("one is stored");
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(stored(test, terms.key).await.unwrap(), photos[winner]);
}

pub async fn a_link_takes_no_other_type_and_no_other_size(test: &TestBackend) {
    let (terms, link) = announce(test, LONG).await;
    let mut other_type = link.headers.clone();
    other_type[0].1 = "text/html".into();
    test.put(&link.url, &other_type, PHOTO).await.expect_err("another type");
    test.put(&link.url, &[], PHOTO).await.expect_err("no type");
    test.put(&link.url, &link.headers, &PHOTO[1..]).await.expect_err("too few bytes");
    test.put(&link.url, &link.headers, &[PHOTO, b"!"].concat()).await.expect_err("too many bytes");
    assert_eq!(stored(test, terms.key).await, None);
    test.put(&link.url, &link.headers, PHOTO).await.expect("as it was agreed");
}

pub async fn a_link_expires(test: &TestBackend) {
    let (terms, link) = announce(test, Duration::from_secs(1)).await;
    sleep(Duration::from_millis(2100)).await;
    test.put(&link.url, &link.headers, PHOTO).await.expect_err("it is good no longer");
    assert_eq!(stored(test, terms.key).await, None);
}

pub async fn a_link_that_was_changed_is_refused(test: &TestBackend) {
    let (terms, link) = announce(test, LONG).await;
    let (theirs, _) = announce(test, LONG).await;
    let (mine, yours) = (terms.key.job_id().to_string(), theirs.key.job_id().to_string());
    let last = link.url.chars().last().unwrap();
    let mut forged = vec![
        link.url.replace(&mine, &yours),
        link.url.replace("originals", "outputs"),
        link.url.replace("/original?", "/outputs/print.png?"),
        link.url.replace("/original?", "/../original?"),
        link.url.replace(&mine, &format!("{mine}/../{mine}")),
        format!("{}{}", &link.url[..link.url.len() - 1], if last == '0' { '1' } else { '0' }),
        link.url.replace("Expires=600", "Expires=6000"),
        // A link for downloading is none for uploading.
        test.backend.blobs.signed_url(terms.key, LONG).await.unwrap(),
    ];
    let widened = ["bytes=16", "type=image/heic", "expires="].map(|part| {
        let more = match part {
            "bytes=16" => "bytes=16000000",
            "type=image/heic" => "type=text/html",
            part => return link.url.replace(part, &format!("{part}9")),
        };
        link.url.replace(part, more)
    });
    forged.extend(widened.into_iter().filter(|url| *url != link.url));
    forged.retain(|url| *url != link.url);
    for url in forged {
        test.put(&url, &link.headers, PHOTO).await.expect_err(&url);
    }
    test.download(&link.url).await.expect_err("a link for uploading is none for downloading");
    for key in [terms.key, theirs.key] {
        assert_eq!(stored(test, key).await, None);
    }
}

async fn announce(test: &TestBackend, ttl: Duration) -> (UploadTerms, SignedUpload) {
    let id = JobId::new();
    if test.backend.blobs.local_uploads().is_some() {
        test.backend.uploads.create(&PendingUpload { id, ..pending(LONG) }).await.unwrap();
    }
    let terms = UploadTerms {
        key: BlobKey::Original(id),
        content_type: "image/heic".into(),
        bytes: PHOTO.len() as u64,
    };
    let link = test.backend.blobs.signed_upload(&terms, ttl).await.unwrap();
    (terms, link)
}

async fn stored(test: &TestBackend, key: BlobKey) -> Option<Bytes> {
    test.backend.blobs.get(key, 1 << 20).await.unwrap()
}
