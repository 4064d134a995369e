//! Requests that are sent again, at once, later, by somebody else, and to a server that died meanwhile.

use std::time::{Duration, Instant};

use bytes::Bytes;
use headshot_backend::{Backend, Begun};
use headshot_core::{JobId, Tenant};
use hyper::Method;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::photos;
use crate::process::Server;
use crate::support::{Answer, Form, TestApp, config, send};

const KEY: &str = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";

async fn post(app: &TestApp, path: &str, key: &str, photo: Vec<u8>) -> Answer {
    app.send(Method::POST, path, &[("idempotency-key", key)], photo.into()).await
}

async fn post_form(app: &TestApp, key: &str, boundary: &str, form: &Form) -> Answer {
    let body = form.body();
    let text = body.windows(Form::BOUNDARY.len()).filter(|w| *w == Form::BOUNDARY.as_bytes()).count();
    assert!(text > 1);
    let body = replace(&body, Form::BOUNDARY.as_bytes(), boundary.as_bytes());
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let headers = [("idempotency-key", key), ("content-type", content_type.as_str())];
    app.send(Method::POST, "/headshot-async", &headers, body.into()).await
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(from) {
            out.extend_from_slice(to);
            at += from.len();
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

async fn jobs(app: &TestApp) -> u64 {
    app.backend.jobs.counts().await.unwrap().queued
}

#[tokio::test]
async fn the_same_request_again_gets_the_same_job_and_stores_nothing() {
    let app = TestApp::start().await;
    let first = post(&app, "/headshot-async?order_id=1001", KEY, photos::jpeg()).await;
    assert_eq!(first.status, 202, "{first:?}");
    assert_eq!(first.header("idempotency-replayed"), "");
    // Quoted or not, it is the same key; and the job stays the answer whatever becomes of it.
    app.pretend_to_render(first.job_id()).await;
    for key in [KEY, KEY.trim_matches('"')] {
        let again = post(&app, "/headshot-async?order_id=1001", key, photos::jpeg()).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("idempotency-replayed"), "true");
    }
    let originals = app.stored().into_iter().filter(|path| path.ends_with("original")).count();
    assert_eq!((originals, jobs(&app).await), (1, 0));

    // The call that waits is the same operation, and tells how the job has ended.
    let waited = post(&app, "/headshot?order_id=1001", KEY, photos::jpeg()).await;
    assert_eq!((waited.status.as_u16(), waited.job_id()), (200, first.job_id()));
    assert_eq!(waited.json()["status"], "done");
    assert_eq!(waited.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn a_forms_boundary_and_the_order_of_its_fields_make_no_other_request() {
    let app = TestApp::start().await;
    let photo = photos::jpeg();
    let form = Form::default().text("order_id", "7").file("dog.jpg", &photo);
    let turned = Form::default().file("dog.jpg", &photo).text("utm", "x").text("order_id", "7");
    let first = post_form(&app, KEY, "----one", &form).await;
    assert_eq!(first.status, 202, "{first:?}");
    let again = post_form(&app, KEY, "----another", &turned).await;
    assert_eq!(again.header("idempotency-replayed"), "true", "{again:?}");
    assert_eq!(again.job_id(), first.job_id());
}

#[tokio::test]
async fn a_key_is_good_for_one_request() {
    let app = TestApp::start().await;
    assert_eq!(post(&app, "/headshot-async?order_id=1", KEY, photos::jpeg()).await.status, 202);
    for (path, photo) in [
        ("/headshot-async?order_id=1", photos::png()),
        ("/headshot-async?order_id=2", photos::jpeg()),
        ("/headshot-async", photos::jpeg()),
        ("/headshot-async?order_id=1&recipe=headshot,look=soft", photos::jpeg()),
        ("/headshot?order_id=2", photos::jpeg()),
    ] {
        let problem = post(&app, path, KEY, photo).await.assert_problem(422, "idempotency_key_reused");
        assert_eq!(problem["retryable"], false, "{path}");
    }
    // What is no photo at all says so, also in a repetition.
    post(&app, "/headshot-async?order_id=1", KEY, photos::gif())
        .await
        .assert_problem(415, "unsupported_type");
    assert_eq!((jobs(&app).await, app.stored().len()), (1, 1));
}

#[tokio::test]
async fn of_a_double_click_one_becomes_a_job() {
    let app = TestApp::start().await;
    for n in 0..10 {
        let key = format!("click-{n}");
        let click = || post(&app, "/headshot-async", &key, photos::jpeg());
        let (one, two) = tokio::join!(click(), click());
        let mut made = Vec::new();
        for answer in [one, two] {
            if answer.status == 202 {
                made.push(answer.job_id());
            } else {
                let problem = answer.assert_problem(409, "idempotency_key_in_use");
                assert_eq!(problem["retryable"], true);
                assert!(answer.header("retry-after").parse::<u32>().is_ok());
            }
        }
        made.dedup();
        assert_eq!(made.len(), 1);
        assert_eq!(click().await.job_id(), made[0]);
    }
    assert_eq!((jobs(&app).await, app.stored().len()), (10, 10));
}

#[tokio::test]
async fn while_the_first_is_being_sent_the_second_is_told_to_wait() {
    let app = TestApp::start().await;
    let photo = photos::jpeg();
    let head = format!(
        "POST /headshot-async HTTP/1.1\r\nhost: test\r\nidempotency-key: slow\r\ncontent-length: {}\r\n\r\n",
        photo.len()
    );
    let mut slow = TcpStream::connect(app.address).await.unwrap();
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&photo[..photo.len() / 2]).await.unwrap();
    in_flight(&app.backend, "slow").await;
    post(&app, "/headshot-async", "slow", photo.clone()).await.assert_problem(409, "idempotency_key_in_use");

    // The first breaks off: the key is free again.
    drop(slow);
    let began = Instant::now();
    loop {
        let answer = post(&app, "/headshot-async", "slow", photo.clone()).await;
        if answer.status == 202 {
            break;
        }
        answer.assert_problem(409, "idempotency_key_in_use");
        assert!(began.elapsed() < Duration::from_secs(10), "the key was not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(jobs(&app).await, 1);
}

#[tokio::test]
async fn a_refused_request_gives_its_key_back_at_once() {
    let app = TestApp::start_with(&["--max-upload-bytes", "2000000"]).await;
    for (photo, code, status) in [
        (photos::gif(), "unsupported_type", 415),
        (photos::large_jpeg(), "upload_too_large", 413),
        (Vec::new(), "empty_upload", 400),
    ] {
        post(&app, "/headshot-async", KEY, photo).await.assert_problem(status, code);
    }
    post(&app, "/headshot-async?recipe=nonsense", KEY, photos::jpeg())
        .await
        .assert_problem(400, "unknown_recipe");
    assert_eq!(post(&app, "/headshot-async", KEY, photos::jpeg()).await.status, 202);
    assert_eq!(jobs(&app).await, 1);
}

#[tokio::test]
async fn odd_keys_are_refused_before_anything_is_stored() {
    let app = TestApp::start().await;
    let long = "k".repeat(256);
    for key in ["", "\"\"", "two words", "a,b", "\"open", &long, "\"a\";b=c"] {
        let answer = post(&app, "/headshot-async", key, photos::jpeg()).await;
        answer.assert_problem(400, "invalid_idempotency_key");
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    let answer = app.send(Method::POST, "/headshot-async", &twice, photos::jpeg().into()).await;
    answer.assert_problem(400, "invalid_idempotency_key");
    app.assert_nothing_is_stored().await;
}

#[tokio::test]
async fn a_shops_page_may_send_the_header_and_read_the_answer() {
    let app = TestApp::start_with(&["--allowed-origins", "https://shop.example"]).await;
    let asked = [
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "idempotency-key,prefer,content-type,last-event-id"),
    ];
    let answer = app.send(Method::OPTIONS, "/headshot-async", &asked, Bytes::new()).await;
    let allowed = answer.header("access-control-allow-headers");
    for name in ["idempotency-key", "prefer", "content-type", "last-event-id"] {
        assert!(allowed.contains(name), "{name} is missing in {allowed}");
    }
    let answer = app.get_with("/healthz", &[("origin", "https://shop.example")]).await;
    assert!(answer.header("access-control-expose-headers").contains("idempotency-replayed"));
}

#[tokio::test]
async fn the_metrics_count_what_came_of_keys_and_name_none() {
    let app = TestApp::start().await;
    for photo in [photos::jpeg(), photos::jpeg(), photos::png()] {
        post(&app, "/headshot-async", "secret-key-1001", photo).await;
    }
    let text = String::from_utf8(app.get("/metrics").await.body.to_vec()).unwrap();
    for outcome in ["first", "replayed", "reused"] {
        assert!(
            text.contains(&format!("headshot_idempotency_keys_total{{outcome=\"{outcome}\"}} 1")),
            "{text}"
        );
    }
    assert!(!text.contains("secret-key"));
}

/// Two processes on one directory, which know nothing of each other.
#[tokio::test]
async fn two_servers_agree_on_a_key() {
    let data = tempfile::TempDir::new().unwrap();
    let servers = [Server::start(data.path()), Server::start(data.path())];
    let photo = Bytes::from(photos::jpeg());
    for n in 0..10 {
        let key = format!("order-{n}");
        let posts = (0..6).map(|racer| {
            let address = ([127, 0, 0, 1], servers[racer % 2].1).into();
            let (key, photo) = (key.clone(), photo.clone());
            async move {
                let headers = [("idempotency-key", key.as_str())];
                send(address, Method::POST, "/headshot-async", &headers, photo).await
            }
        });
        let answers = futures_util::future::join_all(posts).await;
        let mut made: Vec<JobId> = answers.iter().filter(|a| a.status == 202).map(Answer::job_id).collect();
        answers.iter().filter(|a| a.status != 202).for_each(|answer| {
            answer.assert_problem(409, "idempotency_key_in_use");
        });
        made.dedup();
        assert_eq!(made.len(), 1, "{answers:?}");
    }
    let backend = Backend::connect(&config(data.path(), &[]).backend).await.unwrap();
    assert_eq!(backend.jobs.counts().await.unwrap().queued, 10);
}

/// The server dies with half of a photo in its hands. Until its reservation lapses the key is taken; then the next request
/// makes the job.
#[tokio::test]
async fn a_retry_after_kill_9_makes_the_job_once() {
    let data = tempfile::TempDir::new().unwrap();
    let backend = Backend::connect(&config(data.path(), &[]).backend).await.unwrap();
    let photo = photos::jpeg();
    let mut killed = Server::start(data.path());
    let mut half = TcpStream::connect(("127.0.0.1", killed.1)).await.unwrap();
    let head = format!(
        "POST /headshot-async HTTP/1.1\r\nhost: test\r\nidempotency-key: k\r\ncontent-length: {}\r\n\r\n",
        photo.len()
    );
    half.write_all(head.as_bytes()).await.unwrap();
    half.write_all(&photo[..100]).await.unwrap();
    in_flight(&backend, "k").await;
    killed.0.kill().unwrap();
    killed.0.wait().unwrap();

    let server = Server::start(data.path());
    let address = ([127, 0, 0, 1], server.1).into();
    let headers = [("idempotency-key", "k")];
    let retry = || send(address, Method::POST, "/headshot-async", &headers, photo.clone().into());
    retry().await.assert_problem(409, "idempotency_key_in_use");
    let began = Instant::now();
    let first = loop {
        let answer = retry().await;
        if answer.status == 202 {
            break answer.job_id();
        }
        answer.assert_problem(409, "idempotency_key_in_use");
        assert!(began.elapsed() < Duration::from_secs(60), "the reservation of the dead never lapses");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(retry().await.job_id(), first);
    assert_eq!(backend.jobs.counts().await.unwrap().queued, 1);
}

/// Waits until the server has reserved the key. Whoever asks must not reserve it, so the lease asked for has lapsed already.
async fn in_flight(backend: &Backend, key: &str) {
    let began = Instant::now();
    loop {
        let begun = backend.idempotency.begin(&Tenant::anonymous(), key, Duration::ZERO).await.unwrap();
        match begun {
            Begun::InFlight { .. } => return,
            Begun::Reserved(ours) => backend.idempotency.release(&ours).await.unwrap(),
            Begun::Answered(_) => panic!("it is answered already"),
        }
        assert!(began.elapsed() < Duration::from_secs(10), "the key was never reserved");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
