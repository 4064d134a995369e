use std::time::Duration;

use headshot_core::{BlobKey, JobId, Rendition};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{Shop, bytes};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_download_is_what_was_stored_under_the_name_that_a_customer_sees() {
    let shop = Shop::open().await;
    let id = JobId::new();
    let key = BlobKey::Artefact(id, Rendition::Preview);
    shop.blobs().put(key, "image/png", bytes(65, 5)).await.unwrap();
    let url = shop.blobs().signed_url(key, HOUR).await.unwrap();
    let answer = get(&url).await;
    let name = format!("content-disposition: inline; filename=\"{id}-preview.png\"");
    for expected in [
        "HTTP/1.1 200 OK",
        "content-type: image/png",
        "cache-control: private, max-age=3600, immutable",
        &name,
    ] {
        assert!(answer.contains(expected), "{expected} is missing in {answer}");
    }
    assert!(answer.ends_with("AAAAA"), "{answer}");

    for forged in [url.replace("preview", "print"), url.replace("X-Goog-Expires=3600", "X-Goog-Expires=7200")]
    {
        assert!(get(&forged).await.contains("SignatureDoesNotMatch"), "{forged}");
    }
}

#[tokio::test]
async fn a_link_is_signed_once_for_a_part_of_its_life() {
    let shop = Shop::open().await;
    let key = BlobKey::Artefact(JobId::new(), Rendition::Preview);
    let first = shop.blobs().signed_url(key, HOUR).await.unwrap();
    // A signature bears the second in which it was made.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(shop.blobs().signed_url(key, HOUR).await.unwrap(), first);
    let another = BlobKey::Artefact(key.job_id(), Rendition::Print);
    assert_ne!(shop.blobs().signed_url(another, HOUR).await.unwrap(), first);
}

#[tokio::test]
async fn a_link_that_would_last_for_days_is_not_made() {
    let shop = Shop::open().await;
    let key = BlobKey::Artefact(JobId::new(), Rendition::Preview);
    shop.blobs().signed_url(key, 24 * HOUR).await.unwrap_err();
}

/// The whole answer, headers first.
async fn get(url: &str) -> String {
    let (host, target) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
