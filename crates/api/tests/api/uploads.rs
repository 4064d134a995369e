//! Photos that are announced, put with a signed link, and submitted.

use std::time::{Duration, Instant};

use bytes::Bytes;
use headshot_backend::PendingUpload;
use headshot_core::{BlobKey, JobId, Status, Tenant};
use hyper::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::photos;
use crate::support::{Answer, TestApp};

pub const JSON: (&str, &str) = ("content-type", "application/json");

pub async fn post(app: &TestApp, path: &str, body: &Value) -> Answer {
    app.send(Method::POST, path, &[JSON], body.to_string().into()).await
}

async fn announce(app: &TestApp, bytes: usize) -> Value {
    let answer =
        post(app, "/uploads", &json!({"content_type": "image/jpeg", "bytes": bytes, "file_name": "Rex.jpg"}))
            .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

pub fn path(app: &TestApp, upload: &Value) -> String {
    let base = format!("http://{}", app.address);
    upload["url"].as_str().unwrap().strip_prefix(&base).expect("the link leads to this server").to_owned()
}

pub async fn put(app: &TestApp, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
    app.send(Method::PUT, path, &[("content-type", content_type)], body.into()).await
}

/// Announces and puts a photo; the upload's id.
async fn uploaded(app: &TestApp, photo: &[u8]) -> Value {
    let upload = announce(app, photo.len()).await;
    let answer = put(app, &path(app, &upload), "image/jpeg", photo.to_vec()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    upload["upload_id"].clone()
}

#[tokio::test]
async fn an_announced_photo_is_put_and_becomes_a_job() {
    let app = TestApp::start().await;
    let photo = photos::large_jpeg();
    let before = Timestamp::now();
    let upload = announce(&app, photo.len()).await;
    assert_eq!(
        (&upload["method"], &upload["headers"]),
        (&json!("PUT"), &json!({"content-type": "image/jpeg"}))
    );
    let expires_at: Timestamp = upload["expires_at"].as_str().unwrap().parse().unwrap();
    assert!((890..=901).contains(&expires_at.duration_since(before).as_secs()), "{expires_at}");
    let id: JobId = upload["upload_id"].as_str().unwrap().parse().unwrap();

    let submission = json!({"upload_id": id, "order_id": "#1001", "recipe": "headshot,look=soft"});
    let early = post(&app, "/headshot-async", &submission).await;
    assert_eq!(early.assert_problem(409, "upload_missing")["retryable"], true);
    assert_eq!(put(&app, &path(&app, &upload), "image/jpeg", photo.clone()).await.status, 200);
    let answer = post(&app, "/headshot-async", &submission).await;
    assert_eq!((answer.status.as_u16(), answer.job_id()), (202, id), "{answer:?}");
    let record = app.record(id).await;
    assert_eq!((record.status, record.order_id.as_deref()), (Status::Queued, Some("#1001")));
    assert_eq!(record.recipe, "headshot,look=soft");
    assert_eq!(record.upload.file_name.as_deref(), Some("Rex.jpg"));
    assert_eq!((record.upload.bytes, record.upload.width), (photo.len() as u64, 1600));
    assert_eq!(app.backend.blobs.get(BlobKey::Original(id), 1 << 23).await.unwrap().unwrap(), photo);
    assert_eq!(app.next_task().await.task().unwrap().job_id, id);

    // The same again is the same job; anything else is a mistake that is said.
    let again = post(&app, "/headshot-async", &submission).await;
    assert_eq!((again.status.as_u16(), again.job_id()), (202, id));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = post(&app, "/headshot-async", &json!({"upload_id": id, "order_id": "#1002"})).await;
    assert_eq!(other.assert_problem(409, "upload_used")["job_id"], json!(id));
    assert_eq!(app.backend.jobs.counts().await.unwrap().queued, 1);
}

#[tokio::test]
async fn the_call_that_waits_takes_an_upload_too() {
    let app = TestApp::start().await;
    let id = uploaded(&app, &photos::jpeg()).await;
    let worker = async {
        let delivery = app.next_task().await;
        app.pretend_to_render(delivery.task().unwrap().job_id).await;
    };
    let submission = json!({ "upload_id": id });
    let (answer, ()) = tokio::join!(post(&app, "/headshot", &submission), worker);
    assert_eq!((answer.status.as_u16(), &answer.json()["job_id"]), (200, &id), "{answer:?}");
}

#[tokio::test]
async fn submitted_twice_at_once_it_is_one_job_with_and_without_a_key() {
    let app = TestApp::start().await;
    for n in 0..6 {
        let id = uploaded(&app, &photos::jpeg()).await;
        let body = Bytes::from(json!({ "upload_id": id }).to_string());
        let key = format!("k{n}");
        let mut headers = vec![JSON];
        if n % 2 == 0 {
            headers.push(("idempotency-key", &key));
        }
        let submit = || app.send(Method::POST, "/headshot-async", &headers, body.clone());
        let (one, two, three) = tokio::join!(submit(), submit(), submit());
        for answer in [one, two, three, submit().await] {
            match answer.status.as_u16() {
                202 => assert_eq!(answer.json()["job_id"], id),
                409 => _ = answer.assert_problem(409, "idempotency_key_in_use"),
                other => panic!("{other}: {answer:?}"),
            }
        }
    }
    assert_eq!(app.backend.jobs.counts().await.unwrap().queued, 6);
}

#[tokio::test]
async fn a_key_answers_a_submission_again_and_takes_no_other() {
    let app = TestApp::start().await;
    let (one, two) = (uploaded(&app, &photos::jpeg()).await, uploaded(&app, &photos::png()).await);
    let submit = async |id: &Value| {
        let headers = [JSON, ("idempotency-key", "k")];
        app.send(Method::POST, "/headshot-async", &headers, json!({ "upload_id": id }).to_string().into())
            .await
    };
    assert_eq!(submit(&one).await.status, 202);
    let again = submit(&one).await;
    assert_eq!((again.json()["job_id"].clone(), again.header("idempotency-replayed")), (one, "true"));
    submit(&two).await.assert_problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn what_is_not_a_photo_is_refused_as_ever_and_not_kept() {
    let app = TestApp::start().await;
    let png = photos::png();
    let half = &png[..png.len() / 2];
    for (photo, status, code) in [
        (photos::gif(), 415, "unsupported_type"),
        (half.to_vec(), 415, "truncated_image"),
        (photos::pixel_bomb(), 422, "too_many_pixels"),
    ] {
        let upload = announce(&app, photo.len()).await;
        let path = path(&app, &upload);
        assert_eq!(put(&app, &path, "image/jpeg", photo.clone()).await.status, 200);
        let submission = json!({"upload_id": upload["upload_id"]});
        post(&app, "/headshot-async", &submission).await.assert_problem(status, code);
        post(&app, "/headshot-async", &submission).await.assert_problem(404, "upload_not_found");
        put(&app, &path, "image/jpeg", photo).await.assert_problem(412, "upload_exists");
    }
    app.assert_nothing_is_stored().await;
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_when_it_is_announced() {
    let app = TestApp::start_with(&["--max-signed-upload-bytes", "1000000"]).await;
    let jpeg = |bytes: Value| json!({"content_type": "image/jpeg", "bytes": bytes});
    for (announcement, status, code) in [
        (jpeg(json!(1_000_001)), 413, "upload_too_large"),
        (jpeg(json!(0)), 400, "empty_upload"),
        (jpeg(json!(-1)), 400, "malformed_json"),
        (jpeg(json!(1.5)), 400, "malformed_json"),
        (jpeg(json!("1000")), 400, "malformed_json"),
        (json!({"content_type": "image/jpeg"}), 400, "malformed_json"),
        (json!(["image/jpeg", 1000, null]), 400, "malformed_json"),
        (json!({"content_type": "image/jpeg", "bytes": 1, "byte": 2}), 400, "malformed_json"),
        (json!({"content_type": "text/html", "bytes": 1}), 415, "unsupported_type"),
        (json!({"content_type": "video/quicktime", "bytes": 1}), 415, "unsupported_type"),
        (json!([]), 400, "malformed_json"),
    ] {
        let answer = post(&app, "/uploads", &announcement).await;
        assert_eq!(answer.status, status, "{announcement}: {answer:?}");
        answer.assert_problem(status, code);
    }
    app.post("/uploads", "{}").await.assert_problem(400, "malformed_json");
    let long = format!("{{\"content_type\": \"{}\"", " ".repeat(20_000));
    app.send(Method::POST, "/uploads", &[JSON], long.into()).await.assert_problem(400, "malformed_json");
    assert_eq!(post(&app, "/uploads", &jpeg(json!(1_000_000))).await.status, 201);
}

#[tokio::test]
async fn an_upload_that_is_not_ones_own_is_not_there() {
    let app = TestApp::start().await;
    let theirs = PendingUpload {
        id: JobId::new(),
        tenant: "acme".parse().unwrap(),
        content_type: "image/jpeg".into(),
        bytes: 1,
        file_name: None,
        expire_at: Timestamp::now() + Duration::from_secs(600),
    };
    let expired = PendingUpload {
        id: JobId::new(),
        tenant: Tenant::anonymous(),
        expire_at: Timestamp::now(),
        ..theirs.clone()
    };
    for upload in [&theirs, &expired] {
        app.backend.uploads.create(upload).await.unwrap();
        app.backend
            .blobs
            .put(BlobKey::Original(upload.id), "image/jpeg", photos::jpeg().into())
            .await
            .unwrap();
    }
    // Somebody's job, accepted in the ordinary way, is no upload either.
    let job = app.submit(photos::jpeg()).await;
    let ids = [theirs.id, expired.id, JobId::new(), job].map(|id| id.to_string());
    let mut answers = Vec::new();
    for id in ids.iter().map(String::as_str).chain(["", "x", "../../etc/passwd", "%2e%2e"]) {
        let problem = post(&app, "/headshot-async", &json!({ "upload_id": id })).await;
        let mut problem = problem.assert_problem(404, "upload_not_found");
        problem["request_id"] = Value::Null;
        answers.push(problem);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "one cannot be told from another: {answers:?}");
}

#[tokio::test]
async fn a_link_that_was_changed_widened_or_made_up_takes_nothing() {
    let app = TestApp::start().await;
    let photo = photos::jpeg();
    let (upload, other) = (announce(&app, photo.len()).await, announce(&app, photo.len()).await);
    let link = path(&app, &upload);
    let (mine, yours) = (upload["upload_id"].as_str().unwrap(), other["upload_id"].as_str().unwrap());
    let (bare, query) = link.split_once('?').unwrap();
    let changed = [
        link.replace(mine, yours),
        link.replace(&format!("bytes={}", photo.len()), "bytes=50000000"),
        link.replace("type=image/jpeg", "type=text/html"),
        link.replace("expires=", "expires=9"),
        link.replace("originals", "outputs").replace("/original?", "/outputs/print.png?"),
        format!("/files/originals/{mine}/../{mine}/original?{query}"),
        format!("/files/originals/%2e%2e/{mine}/original?{query}"),
        format!("/files/originals//{mine}/original?{query}"),
        format!("{link}&bytes=50000000"),
        format!("{link}&signature=00"),
        bare.to_owned(),
        format!("{bare}?expires=99999999999&bytes=1&type=image/jpeg&signature={}", "0".repeat(64)),
    ];
    for path in changed {
        let answer = put(&app, &path, "image/jpeg", photo.clone()).await;
        assert!([403, 404].contains(&answer.status.as_u16()), "{path}: {answer:?}");
    }
    // The links that download are others than those that upload.
    assert_eq!(app.get(&link).await.status, 403);
    let download = app
        .backend
        .blobs
        .signed_url(BlobKey::Original(mine.parse().unwrap()), Duration::from_secs(60))
        .await
        .unwrap();
    let download = &download[download.find("/files/").unwrap()..];
    put(&app, download, "image/jpeg", photo.clone()).await.assert_problem(403, "link_invalid");

    put(&app, &link, "text/html", photo.clone()).await.assert_problem(400, "upload_mismatch");
    app.send(Method::PUT, &link, &[], photo.clone().into()).await.assert_problem(400, "upload_mismatch");
    put(&app, &link, "image/jpeg", photo[1..].to_vec()).await.assert_problem(400, "upload_mismatch");
    let longer = [&photo[..], b"!"].concat();
    put(&app, &link, "image/jpeg", longer).await.assert_problem(413, "upload_too_large");
    app.assert_nothing_is_stored().await;
    assert_eq!(put(&app, &link, "image/jpeg", photo.clone()).await.status, 200);
    put(&app, &link, "image/jpeg", photo).await.assert_problem(412, "upload_exists");
}

#[tokio::test]
async fn a_link_expires() {
    let app = TestApp::start_with(&["--upload-url-ttl", "1"]).await;
    let photo = photos::jpeg();
    let upload = announce(&app, photo.len()).await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    put(&app, &path(&app, &upload), "image/jpeg", photo).await.assert_problem(403, "link_expired");
    app.assert_nothing_is_stored().await;
}

/// The whole answer to a PUT that is written by hand.
async fn put_by_hand(app: &TestApp, head: String, chunks: &[&[u8]], pause: Duration) -> String {
    let (mut reader, mut writer) = TcpStream::connect(app.address).await.unwrap().into_split();
    let sending = async {
        writer.write_all(head.as_bytes()).await?;
        for chunk in chunks {
            writer.write_all(chunk).await?;
            tokio::time::sleep(pause).await;
        }
        std::future::pending::<std::io::Result<()>>().await
    };
    let reading = async {
        let mut answer = vec![0; 4096];
        let length = reader.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    };
    tokio::select! {
        answer = reading => answer,
        sent = sending => panic!("{sent:?}"),
    }
}

#[tokio::test]
async fn a_body_of_unsaid_length_is_held_to_what_was_announced() {
    let app = TestApp::start().await;
    let photo = photos::jpeg();
    let chunk = [format!("{:x}\r\n", photo.len()).as_bytes(), &photo, b"\r\n"].concat();
    let head = |link: &str| {
        format!(
            "PUT {link} HTTP/1.1\r\nhost: test\r\ncontent-type: image/jpeg\r\ntransfer-encoding: chunked\r\n\r\n"
        )
    };
    for (announced, tail, status) in [
        (photo.len(), &b"0\r\n\r\n"[..], "200"),
        (photo.len() + 1, b"0\r\n\r\n", "400"),
        (photo.len(), b"1\r\n!\r\n0\r\n\r\n", "413"),
    ] {
        let link = path(&app, &announce(&app, announced).await);
        let answer = put_by_hand(&app, head(&link), &[&chunk, tail], Duration::ZERO).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
    assert_eq!(app.stored().len(), 1);
}

#[tokio::test]
async fn a_put_that_pauses_or_breaks_off_leaves_nothing_and_may_be_repeated() {
    let app = TestApp::start_with(&["--upload-idle-timeout", "1", "--upload-timeout", "2"]).await;
    let photo = photos::large_jpeg();
    let link = path(&app, &announce(&app, photo.len()).await);
    let length = photo.len();
    let head = format!(
        "PUT {link} HTTP/1.1\r\nhost: test\r\ncontent-type: image/jpeg\r\ncontent-length: {length}\r\n\r\n"
    );
    let paused = put_by_hand(&app, head.clone(), &[&photo[..1000]], Duration::from_secs(60)).await;
    assert!(paused.starts_with("HTTP/1.1 408") && paused.contains("upload_timeout"), "{paused}");
    let drops: Vec<&[u8]> = photo[..40].chunks(1).collect();
    let dripped = put_by_hand(&app, head.clone(), &drops, Duration::from_millis(400)).await;
    assert!(dripped.starts_with("HTTP/1.1 408"), "{dripped}");

    let mut gone = TcpStream::connect(app.address).await.unwrap();
    gone.write_all(head.as_bytes()).await.unwrap();
    gone.write_all(&photo[..length / 2]).await.unwrap();
    let began = Instant::now();
    while app.stored().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(1), "the first half is on its way to storage");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(gone);
    app.assert_nothing_stays_stored().await;
    assert_eq!(put(&app, &link, "image/jpeg", photo).await.status, 200);
}

#[tokio::test]
async fn a_shops_page_may_put() {
    let app = TestApp::start_with(&["--allowed-origins", "https://shop.example"]).await;
    let photo = photos::jpeg();
    let link = path(&app, &announce(&app, photo.len()).await);
    for (origin, allowed) in [("https://shop.example", true), ("https://evil.example", false)] {
        let asked = [
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "content-type"),
        ];
        let answer = app.send(Method::OPTIONS, &link, &asked, Bytes::new()).await;
        assert_eq!(answer.header("access-control-allow-origin") == origin, allowed);
        assert!(answer.header("access-control-allow-methods").contains("PUT"));
    }
    let headers = [("origin", "https://shop.example"), ("content-type", "image/jpeg")];
    let answer = app.send(Method::PUT, &link, &headers, photo.into()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "https://shop.example");
}
