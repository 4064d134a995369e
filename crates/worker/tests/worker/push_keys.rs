use std::time::{Duration, Instant};

use anyhow::Result;
use headshot_core::Status;
use tokio::time::sleep;

use crate::bench::{Fake, headshot};
use crate::issuer::{Key, Published, claims};
use crate::push_bench::{PushBench, envelope, push, task};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_fetched_when_it_is_first_used_and_made_up_ones_fetch_nothing() -> Result<()> {
    let bench = PushBench::new().await?;
    let id = bench.bench.accept_without_task(b"photo").await?;
    let worker = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    let body = envelope(&task(id)).to_string();
    assert_eq!(bench.push(&worker, id).await?, 204);
    let next = Key::new("key-2")?;
    bench.issuer.publish(Published::keys(&[&next]));
    assert_eq!(push(worker.address, &next.token(&claims())?, body.as_bytes()).await?, 204);
    assert_eq!(bench.issuer.asked(), 2);
    let mut made_up = Key::new("")?;
    for number in 0..20 {
        made_up.id = format!("made-up-{number}");
        assert_eq!(push(worker.address, &made_up.token(&claims())?, body.as_bytes()).await?, 401);
    }
    // What is published no longer is not believed any longer.
    assert_eq!(bench.push(&worker, id).await?, 401);
    assert_eq!(bench.issuer.asked(), 2);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_keys_are_away_pushes_have_to_wait_and_then_go_on() -> Result<()> {
    let bench = PushBench::new().await?;
    let id = bench.bench.accept_without_task(b"photo").await?;
    let worker = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    bench.issuer.publish(Published::Stalled);
    let asked = Instant::now();
    assert_eq!(bench.push(&worker, id).await?, 503);
    assert!(asked.elapsed() < Duration::from_millis(4500), "{:?}", asked.elapsed());
    // Nobody else waits for what has just failed.
    let asked = Instant::now();
    assert_eq!(bench.push(&worker, id).await?, 503);
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    let (status, ready) = worker.get("/readyz").await?;
    assert!(status == 503 && ready.contains("could not be fetched"), "{status} {ready}");
    assert_eq!(bench.bench.record(id).await?.status, Status::Queued);
    let (_, metrics) = worker.get("/metrics").await?;
    assert!(metrics.contains(r#"headshot_push_refused_total{reason="keys_unavailable"} 2"#), "{metrics}");

    bench.issuer.publish(Published::Nothing);
    sleep(Duration::from_millis(2100)).await;
    assert_eq!(bench.push(&worker, id).await?, 503);
    bench.issuer.publish(Published::keys(&[&bench.key]));
    sleep(Duration::from_millis(2100)).await;
    assert_eq!(bench.push(&worker, id).await?, 204);

    // From now on they are known, wherever their publisher is.
    bench.issuer.publish(Published::Stalled);
    let asked = Instant::now();
    assert_eq!(bench.push(&worker, id).await?, 204);
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(worker.get("/readyz").await?.0, 200);
    worker.stop().await
}
