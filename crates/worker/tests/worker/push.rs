use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use headshot_core::{JobId, Status};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::bench::{Bench, Fake, headshot, request};
use crate::issuer::claims;
use crate::push_bench::{PushBench, envelope, push, task};

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_task_becomes_a_headshot_and_a_second_push_changes_nothing() -> Result<()> {
    let bench = PushBench::new().await?;
    let id = bench.bench.accept_without_task(b"photo").await?;
    let render = Fake::new(|_, _, _| Ok(headshot(b"picture")));
    let worker = bench.start(render.clone()).await?;
    assert_eq!(bench.push(&worker, id).await?, 204);
    let before = bench.bench.record(id).await?;
    assert_eq!((before.status, before.attempt), (Status::Done, 1));
    for _ in 0..3 {
        assert_eq!(bench.push(&worker, id).await?, 204);
    }
    assert_eq!(bench.bench.record(id).await?, before);
    assert_eq!(render.calls.load(Ordering::SeqCst), 1);
    assert_eq!(bench.issuer.asked(), 1, "the keys are fetched once");
    let (_, ready) = worker.get("/readyz").await?;
    assert!(ready.contains(r#""push":"ok""#), "{ready}");
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_pushes_of_one_job_at_once_render_it_once() -> Result<()> {
    let mut bench = PushBench::new().await?;
    bench.bench.config.jobs.concurrency = 8;
    let id = bench.bench.accept_without_task(b"photo").await?;
    let render = Fake::new(|_, _, _| {
        thread::sleep(Duration::from_millis(300));
        Ok(headshot(b"picture"))
    });
    let worker = bench.start(render.clone()).await?;
    let mut pushes = JoinSet::new();
    for _ in 0..8 {
        let (token, body) = (bench.key.token(&claims())?, envelope(&task(id)).to_string());
        let address = worker.address;
        pushes.spawn(async move { push(address, &token, body.as_bytes()).await });
    }
    let mut answers: Vec<_> = pushes.join_all().await.into_iter().collect::<Result<_>>()?;
    answers.sort_unstable();
    // Whoever finds the job claimed lets it come again.
    assert!(
        answers.contains(&204) && answers.iter().all(|status| [204, 503].contains(status)),
        "{answers:?}"
    );
    assert_eq!(bench.bench.record(id).await?.status, Status::Done);
    assert_eq!(render.calls.load(Ordering::SeqCst), 1);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_brings_the_task_back_and_the_last_one_ends_it() -> Result<()> {
    let bench = PushBench::new().await?;
    let id = bench.bench.accept_without_task(b"photo").await?;
    let worker =
        bench.start(Fake::new(|_, call, _| if call == 1 { panic!("a bug") } else { bail!("no") })).await?;
    assert_eq!(bench.push(&worker, id).await?, 503);
    assert_eq!(bench.bench.record(id).await?.status, Status::Queued);
    assert_eq!(bench.push(&worker, id).await?, 503);
    // A dead letter with nowhere to go: the record says why, and the task must not come for ever.
    assert_eq!(bench.push(&worker, id).await?, 204);
    let record = bench.bench.record(id).await?;
    assert_eq!((record.status, record.attempt), (Status::Failed, 3));
    assert_eq!(bench.push(&worker, id).await?, 204);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_another_worker_holds_comes_again() -> Result<()> {
    let bench = PushBench::new().await?;
    let id = bench.bench.accept_without_task(b"photo").await?;
    bench.bench.backend.jobs.claim(id, "w-other", Duration::from_secs(60)).await?;
    let worker = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    assert_eq!(bench.push(&worker, id).await?, 503);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_nobody_can_act_on_is_a_dead_letter_but_a_body_that_is_no_envelope_is_refused()
-> Result<()> {
    let bench = PushBench::new().await?;
    let worker = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    for data in ["garbage", "{}", r#"{"v":99,"job_id":1}"#, "", &task(JobId::new())] {
        let mut envelope = envelope(data);
        assert_eq!(bench.push_body(&worker, envelope.to_string().as_bytes()).await?, 204, "{data}");
        // A subscription that counts deliveries has a policy, which sets aside what is refused often enough.
        envelope["deliveryAttempt"] = 4.into();
        assert_eq!(bench.push_body(&worker, envelope.to_string().as_bytes()).await?, 503, "{data}");
    }
    for body in [&b"garbage"[..], b"", b"{}", b"[]", b"\xff\x00", br#"{"message":{"data":"e30="}}"#] {
        assert_eq!(bench.push_body(&worker, body).await?, 400, "{body:?}");
    }
    let padded = format!("{}{}", " ".repeat(64 * 1024), envelope(&task(JobId::new())));
    assert_eq!(bench.push_body(&worker, padded.as_bytes()).await?, 413);
    let (_, metrics) = worker.get("/metrics").await?;
    for line in [
        r#"headshot_jobs_total{outcome="unusable"} 10"#,
        r#"headshot_push_refused_total{reason="malformed"} 6"#,
        r#"headshot_push_refused_total{reason="too_large"} 1"#,
        r#"headshot_push_refused_total{reason="bad_token"} 0"#,
    ] {
        assert!(metrics.contains(line), "{line} is missing in:\n{metrics}");
    }
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_finds_every_hand_busy_is_refused_after_a_moment() -> Result<()> {
    let mut bench = PushBench::new().await?;
    bench.bench.config.jobs.concurrency = 1;
    let ids =
        [bench.bench.accept_without_task(b"photo").await?, bench.bench.accept_without_task(b"photo").await?];
    let worker = bench
        .start(Fake::new(|_, _, _| {
            thread::sleep(Duration::from_secs(5));
            Ok(headshot(b"picture"))
        }))
        .await?;
    let (first, second) = tokio::join!(bench.push(&worker, ids[0]), async {
        bench.bench.until(ids[0], |record| record.status == Status::Processing).await?;
        let asked = Instant::now();
        let status = bench.push(&worker, ids[1]).await?;
        anyhow::Ok((status, asked.elapsed()))
    });
    let (second, waited) = second?;
    assert_eq!((first?, second), (204, 429));
    assert!(waited < Duration::from_millis(4500), "{waited:?}");
    assert_eq!(bench.bench.record(ids[1]).await?.attempt, 0);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_outlives_the_connection_that_brought_it() -> Result<()> {
    let bench = PushBench::new().await?;
    let id = bench.bench.accept_without_task(b"photo").await?;
    let render = Fake::new(|_, _, _| {
        thread::sleep(Duration::from_millis(500));
        Ok(headshot(b"picture"))
    });
    let worker = bench.start(render.clone()).await?;
    let (token, body) = (bench.key.token(&claims())?, envelope(&task(id)).to_string());
    let mut stream = TcpStream::connect(worker.address).await?;
    let head = format!(
        "POST /pubsub/push HTTP/1.1\r\nHost: w\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    bench.bench.until(id, |record| record.status == Status::Processing).await?;
    drop(stream);
    let record = bench.bench.until_ended(id).await?;
    assert_eq!((record.status, record.attempt), (Status::Done, 1));
    assert_eq!(bench.push(&worker, id).await?, 204);
    assert_eq!(render.calls.load(Ordering::SeqCst), 1);
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn pulled_and_pushed_tasks_share_the_hands() -> Result<()> {
    let mut bench = PushBench::new().await?;
    bench.bench.config.jobs.concurrency = 1;
    let worker = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    for _ in 0..3 {
        let pulled = bench.bench.accept(b"photo").await?;
        let pushed = bench.bench.accept_without_task(b"photo").await?;
        assert_eq!(bench.push(&worker, pushed).await?, 204);
        assert_eq!(bench.bench.until_ended(pulled).await?.status, Status::Done);
    }
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_pushed_there_is_no_such_address() -> Result<()> {
    let bench = Bench::new().await?;
    let worker = bench.start(Fake::new(|_, _, _| Ok(headshot(b"picture")))).await?;
    for path in ["/pubsub/push", "/no/such/path"] {
        let (status, body) = request(worker.address, "POST", path, &[], b"{}").await?;
        assert_eq!((status, body.as_str()), (404, ""), "{path}");
    }
    worker.stop().await
}
