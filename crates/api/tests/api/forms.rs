//! Forms as browsers, shops and people with curl write them, well and badly.

use bytes::Bytes;
use hyper::Method;

use crate::photos;
use crate::support::{Answer, Form, TestApp};

async fn post(app: &TestApp, content_type: &str, body: Bytes) -> Answer {
    app.send(Method::POST, "/headshot-async", &[("content-type", content_type)], body).await
}

#[tokio::test]
async fn fields_may_stand_before_or_after_the_photo_and_strange_ones_are_ignored() {
    let app = TestApp::start().await;
    let photo = photos::jpeg();
    let before = Form::default().text("order_id", "7").text("utf8", "✓").file("a.jpg", &photo);
    let after = Form::default()
        .file("a.jpg", &photo)
        .named_file("other", "b.txt", &[255; 20_000])
        .text("order_id", "7");
    for form in [before, after] {
        let answer = app.post_form("/headshot-async", &form).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(app.record(answer.job_id()).await.order_id.as_deref(), Some("7"));
    }
}

#[tokio::test]
async fn a_photo_that_contains_the_boundary_by_halves_arrives_unharmed() {
    let app = TestApp::start().await;
    let mut photo = photos::jpeg();
    // Behind the end of the picture anything may stand.
    for length in 1..Form::BOUNDARY.len() {
        photo.extend_from_slice(b"\r\n--");
        photo.extend_from_slice(&Form::BOUNDARY.as_bytes()[..length]);
    }
    let answer = app.post_form("/headshot-async", &Form::default().file("a.jpg", &photo)).await;
    let key = headshot_core::BlobKey::Original(answer.job_id());
    assert_eq!(app.backend.blobs.get(key, 1 << 20).await.unwrap().unwrap(), photo);
}

#[tokio::test]
async fn every_form_that_is_not_in_order_is_refused_and_leaves_nothing() {
    let app = TestApp::start().await;
    let photo = photos::jpeg();
    let form = || Form::default().file("a.jpg", &photo);
    let long = "x".repeat(300);
    let cases = [
        ("missing_file", Form::default().text("order_id", "7")),
        ("missing_file", Form::default()),
        ("missing_file", Form::default().named_file("photo", "a.jpg", &photo)),
        ("more_than_one_file", form().file("b.jpg", &photo)),
        ("more_than_one_file", form().file("b.txt", b"x")),
        ("empty_upload", Form::default().file("a.jpg", b"")),
        ("empty_upload", Form::default().file("", b"")),
        ("more_than_one_file", form().file("", &photo)),
        ("invalid_order_id", form().text("order_id", &long)),
        ("invalid_order_id", form().text("order_id", "a\u{0}b")),
        ("invalid_order_id", Form::default().text("order_id", "a\nb").file("a.jpg", &photo)),
        ("unknown_recipe", form().text("recipe", "oil painting")),
        ("duplicate_field", form().text("order_id", "1").text("order_id", "2")),
        ("form_too_large", form().text("order_id", &"x".repeat(10_000))),
        ("form_too_large", (0..40).fold(form(), |form, _| form.text("note", "x"))),
    ];
    for (code, form) in cases {
        let problem = app.post_form("/headshot-async", &form).await.assert_problem(400, code);
        assert_eq!(problem["retryable"], false);
    }
    app.assert_nothing_is_stored().await;
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused_and_leaves_nothing() {
    let app = TestApp::start().await;
    let form = Form::default().file("a.jpg", &photos::jpeg());
    let cases = [
        ("multipart/form-data; boundary=another", form.body()),
        ("multipart/form-data", form.body()),
        ("multipart/form-data; boundary=", form.body()),
        ("multipart/form-data; boundary=\"\"", form.body()),
        ("Multipart/Mixed; boundary=----a-boundary", form.body()),
        (&form.content_type(), form.unfinished()),
        (&form.content_type(), form.body().slice(..200)),
        (&form.content_type(), form.body().slice(..5_000)),
        (
            &form.content_type(),
            Bytes::from_static(b"------a-boundary\r\nnonsense\r\n\r\nx\r\n------a-boundary--"),
        ),
        (&form.content_type(), Bytes::new()),
    ];
    for (content_type, body) in cases {
        post(&app, content_type, body).await.assert_problem(400, "malformed_multipart");
    }
    app.assert_nothing_is_stored().await;
}

#[tokio::test]
async fn headers_without_an_end_inside_a_form_are_given_up_long_before_the_upload_limit() {
    let app = TestApp::start().await;
    let form = Form::default();
    let endless = [b"------a-boundary\r\nX-Header: ".to_vec(), vec![b'x'; 20_000_000]].concat();
    post(&app, &form.content_type(), endless.into()).await.assert_problem(400, "malformed_multipart");
    let no_boundary = vec![b'x'; 20_000_000];
    post(&app, &form.content_type(), no_boundary.into()).await.assert_problem(400, "malformed_multipart");
    app.assert_nothing_is_stored().await;
}

#[tokio::test]
async fn a_query_that_contradicts_the_form_or_makes_no_sense_is_refused() {
    let app = TestApp::start().await;
    let form = Form::default().text("order_id", "1").file("a.jpg", &photos::jpeg());
    app.post_form("/headshot-async?order_id=1", &form).await.assert_problem(400, "duplicate_field");
    let photo = photos::jpeg();
    app.post("/headshot-async?order_id=1&order_id=1", photo.clone())
        .await
        .assert_problem(400, "duplicate_field");
    app.post("/headshot-async?order_id=a%00b", photo.clone()).await.assert_problem(400, "invalid_order_id");
    app.post("/headshot-async?recipe=x", photo).await.assert_problem(400, "unknown_recipe");
    app.assert_nothing_is_stored().await;
}

/// A form that is written with this boundary.
fn with_boundary(boundary: &str) -> Bytes {
    let mut body = Vec::new();
    for (disposition, data) in
        [("name=\"order_id\"", &b"7"[..]), ("name=\"file\"; filename=\"a.jpg\"", &photos::jpeg())]
    {
        body.extend(
            format!("--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n").as_bytes(),
        );
        body.extend(data);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").as_bytes());
    body.into()
}

#[tokio::test]
async fn a_boundary_is_taken_in_every_form_that_clients_write() {
    let app = TestApp::start().await;
    for (content_type, boundary) in [
        ("multipart/form-data ; boundary=XB", "XB"),
        ("multipart/form-data\t;\tboundary=XB ", "XB"),
        ("Multipart/Form-Data;BOUNDARY=XB; charset=UTF-8", "XB"),
        ("multipart/form-data; charset=utf-8; boundary=\"X B;\"", "X B;"),
        ("multipart/form-data; boundary==_Part_1_2=", "=_Part_1_2="),
        ("multipart/form-data; boundary=----=_X/Y:Z?", "----=_X/Y:Z?"),
        ("multipart/form-data; boundary=(a),b'+@c", "(a),b'+@c"),
    ] {
        let answer = post(&app, content_type, with_boundary(boundary)).await;
        assert_eq!(answer.status, 202, "{content_type}: {answer:?}");
        assert_eq!(app.record(answer.job_id()).await.order_id.as_deref(), Some("7"), "{content_type}");
    }
}

#[tokio::test]
async fn a_file_name_is_information_and_refuses_no_photo() {
    let app = TestApp::start().await;
    let photo = photos::jpeg();
    let kanji = format!("{}.jpg", "犬".repeat(100));
    let endless = "x".repeat(100_000);
    for (name, kept) in [
        ("my name.jpg", "my name.jpg"),
        ("../../../etc/x.jpg", "x.jpg"),
        ("C:\\fakepath\\dog.jpg", "dog.jpg"),
        ("/storage/emulated/0/DCIM/dog.jpg", "dog.jpg"),
        ("a\tb.jpg", "ab.jpg"),
        ("a\u{1}\u{0}b\u{7f}\u{1b}.jpg", "ab.jpg"),
        ("=?utf-8?B?ZMO2Zy5qcGc=?=\"; filename*=\"utf-8''d%C3%B6g.jpg", "dög.jpg"),
        ("\u{2067}كلبي\u{2069}.jpg", "كلبي.jpg"),
        (&kanji, &"犬".repeat(85)),
        (&endless, &endless[..255]),
        ("..", ""),
    ] {
        let first = Form::default().part(&format!("filename=\"{name}\"; name=\"file\""), &photo);
        for form in [Form::default().file(name, &photo), first] {
            let answer = app.post_form("/headshot-async", &form).await;
            assert_eq!(answer.status, 202, "{name}: {answer:?}");
            let upload = app.record(answer.job_id()).await.upload;
            assert_eq!(upload.file_name.unwrap_or_default(), kept, "{name}");
        }
    }
    let mut bytes =
        b"--XB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\xfcr.jpg\"\r\n\r\n".to_vec();
    bytes.extend(&photo);
    bytes.extend(b"\r\n--XB--\r\n");
    let latin = post(&app, "multipart/form-data; boundary=XB", bytes.into()).await;
    assert_eq!(app.record(latin.job_id()).await.upload.file_name.as_deref(), Some("f\u{FFFD}r.jpg"));
}

#[tokio::test]
async fn a_second_file_input_that_was_left_empty_is_not_given() {
    let app = TestApp::start().await;
    let photo = photos::jpeg();
    let before = Form::default().file("", b"").file("rex.jpg", &photo);
    let after = Form::default().file("rex.jpg", &photo).file("", b"").file("", b"");
    for form in [before, after] {
        let answer = app.post_form("/headshot-async", &form).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(app.record(answer.job_id()).await.upload.file_name.as_deref(), Some("rex.jpg"));
    }
    let nameless = app.post_form("/headshot-async", &Form::default().file("", b"").file("", &photo)).await;
    assert_eq!(nameless.status, 202, "a photo without a name is one: {nameless:?}");
}
