//! The signed links of the local backend.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use serde_json::Value;

use crate::photos;
use crate::support::TestApp;

/// The path and query of a link to this very server.
fn path(app: &TestApp, url: &Value) -> String {
    let base = format!("http://{}", app.address);
    url.as_str().unwrap().strip_prefix(&base).expect("links lead back to the server").to_owned()
}

#[tokio::test]
async fn a_finished_job_has_links_that_download_what_the_worker_stored() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    app.pretend_to_render(id).await;
    let document = app.get(&format!("/headshot/{id}")).await.json();
    let links = [("preview_url", "preview.png", "inline"), ("print_url", "print.png", "attachment")];
    for (link, file, manner) in links {
        let path = path(&app, &document[link]);
        let answer = app.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body, format!("the {file} of {id}"));
        assert_eq!(answer.header("content-type"), "image/png");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        assert_eq!(answer.header("cache-control"), "private, max-age=3600, immutable");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("content-disposition"), format!("{manner}; filename=\"{id}-{file}\""));

        let head = app.send(Method::HEAD, &path, &[], Bytes::new()).await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), answer.body.len().to_string());
    }
}

#[tokio::test]
async fn a_link_dies_in_time_and_the_next_document_has_a_new_one() {
    let app = TestApp::start_with(&["--download-url-ttl", "1"]).await;
    let id = app.submit(photos::jpeg()).await;
    app.pretend_to_render(id).await;
    let link = path(&app, &app.get(&format!("/headshot/{id}")).await.json()["preview_url"]);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    app.get(&link).await.assert_problem(403, "link_expired");
    // On a busy machine a second may pass between the document and its link.
    for _ in 0..20 {
        let fresh = path(&app, &app.get(&format!("/headshot/{id}")).await.json()["preview_url"]);
        assert_ne!(fresh, link);
        if app.get(&fresh).await.status == 200 {
            return;
        }
    }
    panic!("no new link opens the preview");
}

#[tokio::test]
async fn a_link_that_was_changed_or_made_up_opens_nothing() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    app.pretend_to_render(id).await;
    let link = path(&app, &app.get(&format!("/headshot/{id}")).await.json()["preview_url"]);
    let (bare, _) = link.split_once('?').unwrap();
    let made_up = [
        bare.to_owned(),
        link.replace("preview.png", "print.png"),
        format!("{link}0"),
        link[..link.len() - 1].to_owned(),
        "/files/../../etc/passwd".into(),
        "/files/%2e%2e/%2e%2e/etc/passwd?expires=99999999999&signature=00".into(),
        "/files/x".into(),
    ];
    for link in made_up {
        app.get(&link).await.assert_problem(403, "link_invalid");
    }
    std::fs::remove_dir_all(app.data_dir().join("blobs/outputs")).unwrap();
    app.get(&link).await.assert_problem(404, "not_found");
}
