//! Bodies that are no photo of a pet, and clients that do not finish.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::photos;
use crate::support::{Form, TestApp};

#[tokio::test]
async fn what_is_not_a_usable_photo_is_refused_with_a_reason_and_leaves_nothing() {
    let app = TestApp::start().await;
    let truncated = photos::png()[..4_000].to_vec();
    let cases = [
        (400, "empty_upload", Vec::new()),
        (415, "unsupported_type", b"Dear all, please find attached my dog.".to_vec()),
        (415, "unsupported_type", photos::gif()),
        (415, "truncated_image", truncated),
        (422, "bad_shape", photos::long_strip()),
        (422, "too_many_pixels", photos::pixel_bomb()),
    ];
    for (status, code, body) in cases {
        app.post("/headshot-async", body.clone()).await.assert_problem(status, code);
        app.post("/headshot", body.clone()).await.assert_problem(status, code);
        let form = Form::default().file("dog.jpg", &body).text("order_id", "7");
        app.post_form("/headshot-async", &form).await.assert_problem(status, code);
        app.assert_nothing_is_stored().await;
    }
    let metrics = String::from_utf8(app.get("/metrics").await.body.to_vec()).unwrap();
    assert!(metrics.contains("headshot_uploads_refused_total{code=\"bad_shape\"} 3"), "{metrics}");
}

#[tokio::test]
async fn what_is_near_a_photo_says_what_to_send_instead() {
    let app = TestApp::start().await;
    for (body, words) in [
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ".to_vec(), "a still of the video"),
        (photos::livp(), "share the photo again with Live switched off"),
        (b"%PDF-1.7\n%\xe2\xe3".to_vec(), "save it from the document"),
        (b"\0\0\0\x0cJXL \r\n\x87\n".to_vec(), "save it as JPEG"),
        (photos::gif(), "save it as JPEG"),
    ] {
        let form = Form::default().file("dog.jpg", &body);
        for answer in
            [app.post("/headshot-async", body.clone()).await, app.post_form("/headshot-async", &form).await]
        {
            let problem = answer.assert_problem(415, "unsupported_type");
            let sentence = problem["detail"].as_str().unwrap();
            assert!(sentence.contains(words), "{sentence}");
        }
    }
    app.assert_nothing_is_stored().await;
}

#[tokio::test]
async fn a_camera_raw_file_is_taken_for_the_preview_in_it() {
    let app = TestApp::start().await;
    let record = app.record(app.submit(photos::dng()).await).await;
    assert_eq!((record.upload.content_type.as_str(), record.upload.width), ("image/x-dcraw", 0));
}

/// Sends a head and then `body` piece by piece until the server has had enough or all of it is gone; what was answered,
/// and how much was sent.
async fn trickle(app: &TestApp, head: &str, pieces: usize, pause: Duration) -> (String, usize) {
    let (mut reader, mut writer) = TcpStream::connect(app.address).await.unwrap().into_split();
    writer.write_all(head.as_bytes()).await.unwrap();
    let answer = tokio::spawn(async move {
        let mut answer = vec![0; 4096];
        let length = reader.read(&mut answer).await.unwrap();
        (String::from_utf8_lossy(&answer[..length]).into_owned(), reader)
    });
    let mut sent = 0;
    let mut piece = photos::large_jpeg();
    piece.resize(1_000_000, 0);
    while sent < pieces && !answer.is_finished() {
        let written = if sent == 0 {
            writer.write_all(&piece).await
        } else {
            writer.write_all(&vec![0; 1_000_000]).await
        };
        if written.is_err() {
            break;
        }
        sent += 1;
        tokio::time::sleep(pause).await;
    }
    (answer.await.unwrap().0, sent)
}

#[tokio::test]
async fn an_upload_that_says_it_is_too_large_is_refused_before_it_is_sent() {
    let app = TestApp::start().await;
    let head = "POST /headshot-async HTTP/1.1\r\nhost: test\r\ncontent-length: 60000000\r\n\r\n";
    let (answer, _) = trickle(&app, head, 0, Duration::ZERO).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("upload_too_large"), "{answer}");
    app.assert_nothing_is_stored().await;
}

#[tokio::test]
async fn a_client_that_sends_all_of_a_too_large_upload_still_reads_why_it_was_refused() {
    let app = TestApp::start().await;
    let mut body = photos::large_jpeg();
    body.resize(60_000_000, 0);
    app.post("/headshot-async", body.clone()).await.assert_problem(413, "upload_too_large");
    let form = Form::default().file("dog.jpg", &body);
    app.post_form("/headshot-async", &form).await.assert_problem(413, "upload_too_large");
    app.assert_nothing_is_stored().await;
}

#[tokio::test]
async fn an_upload_of_unsaid_length_is_stopped_at_the_limit() {
    let app = TestApp::start_with(&["--max-upload-bytes", "2000000"]).await;
    let body = photos::large_jpeg();
    assert!(body.len() > 2_000_000);
    let (mut reader, mut writer) = TcpStream::connect(app.address).await.unwrap().into_split();
    writer
        .write_all(b"POST /headshot-async HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n")
        .await
        .unwrap();
    for chunk in body.chunks(50_000) {
        writer.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await.unwrap();
        writer.write_all(chunk).await.unwrap();
        writer.write_all(b"\r\n").await.unwrap();
    }
    let mut answer = vec![0; 4096];
    let length = reader.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("larger than 2 MB"), "{answer}");
    app.assert_nothing_stays_stored().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_half_way_leaves_nothing() {
    let app = TestApp::start().await;
    let body = photos::large_jpeg();
    let form = Form::default().file("dog.jpg", &body);
    let (raw, multipart) = (bytes::Bytes::from(body), form.body());
    for (content_type, body) in [("image/jpeg".into(), raw), (form.content_type(), multipart)] {
        let mut connection = TcpStream::connect(app.address).await.unwrap();
        let length = body.len();
        let head = format!(
            "POST /headshot-async HTTP/1.1\r\nhost: test\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&body[..length / 2]).await.unwrap();
        for _ in 0..200 {
            if !app.stored().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(!app.stored().is_empty(), "the first half is on its way to storage");
        drop(connection);
        app.assert_nothing_stays_stored().await;
    }
}

#[tokio::test]
async fn an_upload_that_pauses_or_drips_is_given_up() {
    let app = TestApp::start_with(&["--upload-idle-timeout", "1", "--upload-timeout", "3"]).await;
    let head = "POST /headshot-async HTTP/1.1\r\nhost: test\r\ncontent-length: 40000000\r\n\r\n";
    let (paused, _) = trickle(&app, head, 1, Duration::ZERO).await;
    assert!(paused.starts_with("HTTP/1.1 408") && paused.contains("upload_timeout"), "{paused}");
    let (dripping, sent) = trickle(&app, head, 39, Duration::from_millis(400)).await;
    assert!(dripping.starts_with("HTTP/1.1 408"), "{dripping}");
    assert!(sent < 15, "{sent}");
    app.assert_nothing_stays_stored().await;
}
