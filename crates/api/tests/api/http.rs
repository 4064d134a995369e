//! What every answer has in common, and the addresses that are for operators.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::photos;
use crate::support::TestApp;

#[tokio::test]
async fn addresses_that_lead_nowhere_and_methods_not_taken_are_problems_too() {
    let app = TestApp::start().await;
    for path in ["/headshots", "/headshot/", "/headshot/a/b", "/files", "//", "/favicon.ico"] {
        app.get(path).await.assert_problem(404, "no_such_route");
    }
    let cases = [
        (Method::GET, "/headshot-async", "POST"),
        (Method::GET, "/headshot", "POST"),
        (Method::PUT, "/headshot/x", "GET"),
        (Method::POST, "/healthz", "GET"),
        (Method::PATCH, "/files/x", "GET"),
    ];
    for (method, path, allowed) in cases {
        let answer = app.send(method, path, &[], Bytes::new()).await;
        answer.assert_problem(405, "method_not_allowed");
        assert!(answer.header("allow").contains(allowed), "{answer:?}");
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_a_sane_one_of_the_clients_is_kept() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/healthz").await.header("x-request-id").len(), 36);
    let kept = app.get_with("/healthz", &[("x-request-id", "shop-1.2_3")]).await;
    assert_eq!(kept.header("x-request-id"), "shop-1.2_3");
    let long = "x".repeat(65);
    for id in ["", "a b", "<script>", "{{7*7}}", &long] {
        let answer = app.get_with("/headshot/x", &[("x-request-id", id)]).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{id:?}");
        answer.assert_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_server_in_good_health_says_so() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/healthz").await.json(), serde_json::json!({"status": "ok"}));
    assert_eq!(app.get("/health").await.json(), serde_json::json!({"status": "ok"}));
    assert_eq!(app.get("/readyz").await.json(), serde_json::json!({"status": "ready"}));
    assert_eq!(app.get("/").await.json()["service"], "headshot-api");
}

#[tokio::test]
async fn readiness_names_what_is_down_and_liveness_does_not_care() {
    let app = TestApp::start().await;
    // A plain file where the folder was makes writing fail for everybody, root included.
    for folder in ["tmp", "blobs"] {
        std::fs::remove_dir_all(app.data_dir().join(folder)).unwrap();
        std::fs::write(app.data_dir().join(folder), "").unwrap();
    }
    let problem = app.get("/readyz").await.assert_problem(503, "not_ready");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("storage") && !detail.contains(app.data_dir().to_str().unwrap()), "{detail}");
    assert_eq!(app.get("/healthz").await.status, 200);

    let refused = app.post("/headshot-async", photos::jpeg()).await;
    assert_eq!(refused.assert_problem(503, "storage_unavailable")["retryable"], true);
    assert!(!refused.header("retry-after").is_empty());
    let counts = app.backend.jobs.counts().await.unwrap();
    assert_eq!((counts.queued, counts.processing), (0, 0));
}

#[tokio::test]
async fn metrics_count_by_route_and_not_by_path() {
    let app = TestApp::start().await;
    app.submit(photos::jpeg()).await;
    app.get("/headshot/one").await;
    app.get("/headshot/two").await;
    app.send(Method::from_bytes(b"BREW").unwrap(), "/coffee", &[], Bytes::new()).await;
    let answer = app.get("/metrics").await;
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    for line in [
        "headshot_http_requests_total{method=\"GET\",route=\"/headshot/{id}\",status=\"404\"} 2",
        "headshot_http_requests_total{method=\"POST\",route=\"/headshot-async\",status=\"202\"} 1",
        "headshot_http_requests_total{method=\"other\",route=\"unmatched\",status=\"404\"} 1",
        "headshot_http_request_seconds_count{route=\"/headshot/{id}\"} 2",
        "headshot_uploads_accepted_total 1",
        "headshot_uploads_in_progress 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

/// A request on an open connection, and whether it is answered with 200.
async fn is_answered(connection: &mut TcpStream) -> bool {
    let request = b"GET /healthz HTTP/1.1\r\nhost: shop\r\n\r\n";
    let mut answer = [0; 1024];
    match connection.write_all(request).await {
        Ok(()) => connection.read(&mut answer).await.is_ok_and(|_| answer.starts_with(b"HTTP/1.1 200")),
        Err(_) => false,
    }
}

/// A connection on which a body was refused before its end, and then came to its end.
async fn answered_early(app: &TestApp) -> TcpStream {
    const HALF: usize = 1_000_000;
    let mut early = TcpStream::connect(app.address).await.unwrap();
    let head = format!("POST /headshot-async HTTP/1.1\r\nhost: shop\r\ncontent-length: {}\r\n\r\n", 2 * HALF);
    early.write_all(head.as_bytes()).await.unwrap();
    early.write_all(&[b'x'; HALF]).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = early.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 415"), "{}", String::from_utf8_lossy(&answer));
    early.write_all(&[b'x'; HALF]).await.unwrap();
    early
}

/// Load balancers keep connections for ten minutes and send the next request on them.
#[tokio::test]
async fn a_connection_may_be_idle_for_longer_than_a_head_may_take() {
    let app = TestApp::start().await;
    let mut idle = TcpStream::connect(app.address).await.unwrap();
    let mut slow = TcpStream::connect(app.address).await.unwrap();
    let mut fresh = TcpStream::connect(app.address).await.unwrap();
    assert!(is_answered(&mut idle).await && is_answered(&mut slow).await);
    let mut early = answered_early(&app).await;
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost:").await.unwrap();
    tokio::time::sleep(Duration::from_secs(34)).await;
    assert!(is_answered(&mut idle).await, "it was used before");
    assert!(is_answered(&mut fresh).await, "it was not");
    assert!(is_answered(&mut early).await, "what came last was the rest of a body, and no head");
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest).await;
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "a head that does not end is not waited for");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn idle_connections_make_room_and_the_oldest_goes_first() {
    let app = TestApp::start().await;
    let mut idle = Vec::new();
    for _ in 0..1_000 {
        idle.push(TcpStream::connect(app.address).await.unwrap());
    }
    let answers = tokio::time::timeout(Duration::from_secs(10), async {
        for _ in 0..5 {
            assert_eq!(app.get("/healthz").await.status, 200);
        }
    });
    answers.await.expect("nobody waits for the idle ones");
    assert!(is_answered(idle.last_mut().unwrap()).await, "the youngest is still there");
    let mut end = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), idle[0].read_to_end(&mut end)).await;
    assert!(closed.is_ok(), "the oldest was closed");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn heads_that_do_not_end_make_room_too() {
    let app = TestApp::start().await;
    let mut half = Vec::new();
    for _ in 0..1_000 {
        let mut connection = TcpStream::connect(app.address).await.unwrap();
        connection.write_all(b"G").await.unwrap();
        half.push(connection);
    }
    let began = Instant::now();
    let mut others = Vec::new();
    for _ in 0..20 {
        let mut other = TcpStream::connect(app.address).await.unwrap();
        assert!(is_answered(&mut other).await);
        others.push(other);
    }
    let took = began.elapsed();
    println!("20 others are answered after {took:.1?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn readiness_is_looked_at_once_a_second_and_may_leave_a_part_out() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/readyz").await.status, 200);
    for folder in ["tmp", "blobs"] {
        std::fs::remove_dir_all(app.data_dir().join(folder)).unwrap();
        std::fs::write(app.data_dir().join(folder), "").unwrap();
    }
    // What was found is believed for a second, however many ask.
    assert_eq!(app.get("/readyz").await.status, 200);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    app.get("/readyz").await.assert_problem(503, "not_ready");
    assert_eq!(app.get("/readyz?without=storage").await.status, 200);
    app.get("/readyz?without=queue").await.assert_problem(503, "not_ready");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn garbage_on_the_wire_harms_nobody() {
    let app = TestApp::start().await;
    let endless = format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200));
    let cases = [
        "\0\0\0\0\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST /headshot HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        &endless,
        &many,
    ];
    for garbage in cases {
        let mut connection = TcpStream::connect(app.address).await.unwrap();
        let _ = connection.write_all(garbage.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(app.get("/healthz").await.status, 200);
    app.stop().await.unwrap();
}
