use std::fs;
use std::sync::Arc;

use bytes::Bytes;
use headshot_core::{BlobKey, JobId};
use tokio::sync::Semaphore;

use super::support::{BUCKETS, Shop};

const MB: usize = 1_000_000;

/// Few, but enough to see a leak; `infra/bench-cloud` sends more, through the API.
const UPLOADS: usize = 32;

/// As many as the API lets in where nothing else is said (`MAX_CONCURRENT_UPLOADS`).
const AT_ONCE: usize = 64;

/// Uploads that stream through at the same time take no memory to speak of, however large they are. The fake's share, which
/// is in the same process, is counted too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_stream_through() {
    let shop = Shop::open().await;
    let before = resident();
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    // One chunk for all: what the test itself holds shall not be what it measures.
    let chunk = Bytes::from(vec![7; 32 * 1024]);
    let tasks: Vec<_> = (0..UPLOADS)
        .map(|_| {
            let (blobs, chunk, at_once) = (shop.blobs().clone(), chunk.clone(), at_once.clone());
            tokio::spawn(async move {
                let _permit = at_once.acquire().await?;
                let mut writer = blobs.begin(BlobKey::Original(JobId::new()), "image/jpeg").await?;
                for _ in 0..20 * MB / chunk.len() {
                    writer.write(chunk.clone()).await?;
                }
                writer.commit().await
            })
        })
        .collect();
    let mut most = 0;
    for task in tasks {
        task.await.unwrap().unwrap();
        most = most.max(resident());
    }
    assert_eq!(shop.storage.objects(BUCKETS[0]).len(), UPLOADS);
    let grown = most.saturating_sub(before) / MB;
    println!(
        "{UPLOADS} uploads of 20 MB, {AT_ONCE} at once: {} MB before, {grown} MB more at most",
        before / MB
    );
    assert!(grown < 80, "{grown} MB more");
}

fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split_whitespace().nth(1).and_then(|n| n.parse::<usize>().ok()).unwrap_or_default() * 4096
}
