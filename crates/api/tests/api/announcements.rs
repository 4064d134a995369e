//! What customers' systems say of a photo that is announced: its type, its name, its id.

use hyper::Method;
use serde_json::json;

use crate::photos;
use crate::support::TestApp;
use crate::uploads::{JSON, path, post, put};

#[tokio::test]
async fn a_photo_is_announced_as_whatever_the_customers_system_calls_it() {
    let app = TestApp::start().await;
    let photo = photos::jpeg();
    for (declared, signed) in [
        ("image/jpg", "image/jpg"),
        ("IMAGE/JPEG ", "image/jpeg"),
        ("image/x-adobe-dng", "image/x-adobe-dng"),
        ("image/jpeg; charset=binary", "image/jpeg"),
        ("application/octet-stream", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("image/*", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("image/jpeg\r\nx-evil: 1", "application/octet-stream"),
        ("image/a&bytes=50000000", "application/octet-stream"),
    ] {
        let announcement = json!({"content_type": declared, "bytes": photo.len()});
        let answer = post(&app, "/uploads", &announcement).await;
        assert_eq!(answer.status, 201, "{declared}: {answer:?}");
        let upload = answer.json();
        assert_eq!(upload["headers"], json!({"content-type": signed}), "{declared}");
        let link = path(&app, &upload);
        put(&app, &link, "text/html", photo.clone()).await.assert_problem(400, "upload_mismatch");
        assert_eq!(put(&app, &link, signed, photo.clone()).await.status, 200, "{declared}");
        let submission = json!({"upload_id": upload["upload_id"]});
        let answer = post(&app, "/headshot-async", &submission).await;
        assert_eq!(answer.status, 202, "{declared}: {answer:?}");
        assert_eq!(app.record(answer.job_id()).await.upload.content_type, "image/jpeg", "the bytes decide");
    }
}

#[tokio::test]
async fn a_photo_may_be_announced_without_a_type() {
    let app = TestApp::start().await;
    for announcement in [json!({"bytes": 9}), json!({"content_type": null, "bytes": 9})] {
        let answer = post(&app, "/uploads", &announcement).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.json()["headers"], json!({"content-type": "application/octet-stream"}));
    }
}

#[tokio::test]
async fn an_upload_id_in_capitals_and_a_file_name_that_is_a_path_are_taken() {
    let app = TestApp::start().await;
    let photo = photos::jpeg();
    let announcement =
        json!({"content_type": "image/jpeg", "bytes": photo.len(), "file_name": "../../a\r\nb\u{202E}.jpg"});
    let upload = post(&app, "/uploads", &announcement).await.json();
    assert_eq!(put(&app, &path(&app, &upload), "image/jpeg", photo).await.status, 200);
    let id = upload["upload_id"].as_str().unwrap();
    let submit = async |id: &str| {
        let headers = [JSON, ("idempotency-key", "k")];
        app.send(Method::POST, "/headshot-async", &headers, json!({ "upload_id": id }).to_string().into())
            .await
    };
    let answer = submit(&id.to_uppercase()).await;
    assert_eq!((answer.status.as_u16(), answer.job_id().to_string().as_str()), (202, id), "{answer:?}");
    assert_eq!(app.record(answer.job_id()).await.upload.file_name.as_deref(), Some("ab.jpg"));
    let again = submit(id).await;
    assert_eq!(
        (again.status.as_u16(), again.header("idempotency-replayed")),
        (202, "true"),
        "the same request"
    );
}
