use anyhow::Result;
use headshot_core::Stage;

use crate::bench::{Bench, Fake, headshot};

#[tokio::test(flavor = "multi_thread")]
async fn the_http_port_says_how_the_worker_is() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept(b"photo").await?;
    let worker = bench
        .start(Fake::new(|_, _, on_stage| {
            on_stage(Stage::Matting);
            Ok(headshot(b"picture"))
        }))
        .await?;
    bench.until_ended(id).await?;
    bench.until_queue_is_empty().await?;

    let (status, body) = worker.get("/livez").await?;
    assert_eq!((status, body.as_str()), (200, r#"{"status":"ok"}"#));
    let (status, body) = worker.get("/readyz").await?;
    let body: serde_json::Value = serde_json::from_str(&body)?;
    assert_eq!((status, &body["status"], &body["provider"]), (200, &"ready".into(), &"cpu".into()));
    assert_eq!(body["checks"]["storage"], "ok");
    assert!(body["cuda"].is_null(), "nobody asked for it: {body:#}");

    let (status, metrics) = worker.get("/metrics").await?;
    assert_eq!(status, 200);
    for line in [
        r#"headshot_jobs_total{outcome="done"} 1"#,
        r#"headshot_jobs_total{outcome="refused"} 0"#,
        r#"headshot_stage_seconds_count{stage="matting"} 1"#,
        r#"headshot_queue_depth{state="ready"} 0"#,
        "headshot_queue_oldest_seconds 0",
        r#"headshot_active_provider{provider="cpu"} 1"#,
        "headshot_cuda_missing 0",
        "headshot_process_resident_memory_bytes ",
    ] {
        assert!(metrics.contains(line), "{line} is missing in:\n{metrics}");
    }
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    worker.stop().await
}
