//! Photos that become jobs.

use std::time::Duration;

use headshot_core::{BlobKey, Status};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::photos;
use crate::support::{Form, TestApp};

#[tokio::test]
async fn a_photo_becomes_a_blob_a_record_a_task_and_an_answer() {
    let app = TestApp::start().await;
    let photo = photos::jpeg();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let form = Form::default().text("order_id", "#1001").file("Bello am Strand.jpeg", &photo);
    let headers =
        [("content-type", form.content_type()), ("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = app.send(hyper::Method::POST, "/headshot-async", &headers, form.body()).await;

    assert_eq!(answer.status, 202);
    let id = answer.job_id();
    assert_eq!(answer.json(), serde_json::json!({"job_id": id, "status": "queued"}));
    assert_eq!(answer.header("location"), format!("/headshot/{id}"));
    assert!(answer.header("retry-after").parse::<u32>().is_ok());

    let stored = app.backend.blobs.get(BlobKey::Original(id), 1 << 20).await.unwrap().unwrap();
    assert_eq!(stored, photo);
    let record = app.record(id).await;
    assert_eq!(record.status, Status::Queued);
    assert_eq!(record.order_id.as_deref(), Some("#1001"));
    assert_eq!(record.recipe, "headshot");
    assert_eq!(record.trace_id.as_deref(), Some(trace));
    assert_eq!(record.upload.file_name.as_deref(), Some("Bello am Strand.jpeg"));
    assert_eq!(record.upload.content_type, "image/jpeg", "what the form declared is not believed");
    assert_eq!((record.upload.width, record.upload.height), (320, 400));
    assert_eq!(record.upload.bytes, photo.len() as u64);
    let sha256: String = Sha256::digest(&photo).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(record.upload.sha256, sha256);
    assert_eq!(record.expire_at.duration_since(record.created_at).as_hours(), 90 * 24);

    let delivery = app.next_task().await;
    assert_eq!(delivery.task().unwrap().job_id, id);
    assert!(delivery.traceparent().unwrap().contains(trace));
    delivery.ack().await;
}

#[tokio::test]
async fn a_photo_may_be_the_body_itself_whatever_type_it_declares() {
    let app = TestApp::start().await;
    let path = "/headshot-async?order_id=%231002&recipe=headshot&utm_source=mail";
    for declared in ["image/png", "application/octet-stream", "text/html"] {
        let answer =
            app.send(hyper::Method::POST, path, &[("content-type", declared)], photos::png().into()).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let record = app.record(answer.job_id()).await;
        assert_eq!(record.upload.content_type, "image/png");
        assert_eq!(record.order_id.as_deref(), Some("#1002"));
        assert_eq!(record.upload.file_name, None);
    }
}

#[tokio::test]
async fn a_recipe_with_options_is_kept_and_one_that_makes_no_sense_is_refused_with_what_does() {
    let app = TestApp::start().await;
    let post =
        async |recipe: &str| app.post(&format!("/headshot-async?recipe={recipe}"), photos::jpeg()).await;
    let answer = post("headshot,bleed=3mm,look=soft,background=%23FFEEDD,grey-alpha").await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let record = app.record(answer.job_id()).await;
    assert_eq!(record.recipe, "headshot,look=soft,background=#ffeedd,bleed=3mm,grey-alpha");

    for (nonsense, allowed) in [
        ("portrait", "the recipes are: headshot"),
        (
            "headshot,frame=gold",
            "look=house|soft|dramatic, framing=head|close-up|bust, background=white|black|#rrggbb",
        ),
        ("headshot,look=noir", "house, soft, dramatic"),
        ("headshot,background=beige", "white, black, or a colour such as #ffeedd"),
        ("headshot,background=white,bleed=30mm", "from 0mm to 10mm"),
        ("headshot,bleed=3mm", "a bleed needs a background"),
        ("headshot,grey-alpha,grey-alpha", "grey-alpha may be given once"),
    ] {
        let problem = post(nonsense).await.assert_problem(400, "unknown_recipe");
        let sentence = problem["detail"].as_str().unwrap();
        assert!(sentence.contains(allowed), "{nonsense}: {sentence}");
    }
}

#[tokio::test]
async fn fifty_uploads_at_once_all_become_jobs_or_are_asked_to_come_back() {
    let app = TestApp::start_with(&["--max-concurrent-uploads", "8"]).await;
    let photo = bytes::Bytes::from(photos::large_jpeg());
    let posts = (0..50).map(|_| app.post("/headshot-async", photo.clone()));
    let answers = futures_util::future::join_all(posts).await;
    let accepted = answers.iter().filter(|answer| answer.status == 202).count();
    for answer in answers.iter().filter(|answer| answer.status != 202) {
        assert_eq!(answer.assert_problem(503, "busy")["retryable"], true);
        assert!(answer.header("retry-after").parse::<u32>().is_ok());
    }
    assert!(accepted >= 8, "{accepted}");
    assert_eq!(app.stored().len(), accepted);
    assert_eq!(app.backend.jobs.counts().await.unwrap().queued, accepted as u64);
    assert_eq!(app.post("/headshot-async", photo).await.status, 202, "every place is free again");
}

#[tokio::test]
async fn a_client_that_does_not_wait_for_its_answer_leaves_a_whole_job_or_nothing() {
    let app = TestApp::start().await;
    let photo = photos::jpeg();
    let head =
        format!("POST /headshot-async HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n\r\n", photo.len());
    for pause in 0..20 {
        let mut connection = TcpStream::connect(app.address).await.unwrap();
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&photo).await.unwrap();
        tokio::time::sleep(Duration::from_micros(500 * pause)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let jobs = app.backend.jobs.counts().await.unwrap().queued;
    assert_eq!(app.stored().len() as u64, jobs, "no photo without a record");
    assert_eq!(app.backend.tasks.depth().await.unwrap().ready, jobs, "no record without a task");
}
