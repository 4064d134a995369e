use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use headshot_core::{Stage, Status};
use tokio::time::sleep;

use crate::bench::{Fake, headshot};
use crate::issuer::claims;
use crate::push_bench::{PushBench, envelope, push, task};

#[tokio::test(flavor = "multi_thread")]
async fn a_push_at_hand_is_finished_and_answered_and_no_new_one_is_taken() -> Result<()> {
    let bench = PushBench::new().await?;
    let ids =
        [bench.bench.accept_without_task(b"photo").await?, bench.bench.accept_without_task(b"photo").await?];
    let worker = bench
        .start(Fake::new(|_, _, _| {
            thread::sleep(Duration::from_secs(2));
            Ok(headshot(b"picture"))
        }))
        .await?;
    let (address, token) = (worker.address, bench.key.token(&claims())?);
    let bodies = ids.map(|id| envelope(&task(id)).to_string());
    let (at_hand, late) = tokio::join!(push(address, &token, bodies[0].as_bytes()), async {
        bench.bench.until(ids[0], |record| record.status == Status::Processing).await?;
        let (stopped, late) = tokio::join!(worker.stop(), async {
            sleep(Duration::from_millis(300)).await;
            push(address, &token, bodies[1].as_bytes()).await
        });
        stopped.and(late)
    });
    assert_eq!((at_hand?, late?), (204, 503));
    assert_eq!(bench.bench.record(ids[0]).await?.status, Status::Done);
    assert_eq!(bench.bench.record(ids[1]).await?.attempt, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_outlasts_the_grace_period_is_given_back_with_an_answer() -> Result<()> {
    let mut bench = PushBench::new().await?;
    bench.bench.config.grace = Duration::from_millis(100);
    let id = bench.bench.accept_without_task(b"photo").await?;
    let worker = bench
        .start(Fake::new(|_, _, on_stage| {
            loop {
                on_stage(Stage::Look);
                thread::sleep(Duration::from_millis(10));
            }
        }))
        .await?;
    let (address, token, body) =
        (worker.address, bench.key.token(&claims())?, envelope(&task(id)).to_string());
    let (answer, stopped) = tokio::join!(push(address, &token, body.as_bytes()), async {
        bench.bench.until(id, |record| record.status == Status::Processing).await?;
        let asked = Instant::now();
        worker.stop().await?;
        anyhow::Ok(asked.elapsed())
    });
    assert_eq!(answer?, 503);
    let took = stopped?;
    assert!(took < Duration::from_secs(2), "{took:?}");
    let record = bench.bench.record(id).await?;
    assert_eq!((record.status, record.lease), (Status::Queued, None));
    Ok(())
}
