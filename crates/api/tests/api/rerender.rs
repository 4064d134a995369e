//! Another look at a finished headshot, and the word that this is the one.

use bytes::Bytes;
use headshot_core::{BlobKey, JobId};
use hyper::Method;
use serde_json::json;

use crate::photos;
use crate::support::{Answer, TestApp};

async fn rerender(app: &TestApp, id: JobId, body: serde_json::Value) -> Answer {
    post_json(app, &format!("/headshot/{id}/rerender"), body, &[]).await
}

async fn post_json(app: &TestApp, path: &str, body: serde_json::Value, headers: &[(&str, &str)]) -> Answer {
    let headers = [&[("content-type", "application/json")], headers].concat();
    app.send(Method::POST, path, &headers, Bytes::from(body.to_string())).await
}

async fn approve(app: &TestApp, id: JobId) -> Answer {
    app.send(Method::POST, &format!("/headshot/{id}/approve"), &[], Bytes::new()).await
}

async fn done(app: &TestApp) -> JobId {
    let id = app.submit(photos::jpeg()).await;
    app.pretend_to_render(id).await;
    id
}

#[tokio::test]
async fn a_re_render_is_a_job_of_its_own_about_the_same_photo() {
    let app = TestApp::start().await;
    let first = done(&app).await;
    let answer = rerender(&app, first, json!({"look": "soft"})).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let second = answer.job_id();
    assert_eq!(answer.header("location"), format!("/headshot/{second}"));
    let record = app.record(second).await;
    assert_eq!((record.recipe.as_str(), record.photo_of), ("headshot,look=soft", Some(first)));
    assert_eq!(record.upload, app.record(first).await.upload);
    assert!(record.message_for_support.contains(&first.to_string()), "{}", record.message_for_support);

    // From a re-render another is made of the same photo, and keeps what it does not name.
    app.pretend_to_render(second).await;
    let third = rerender(&app, second, json!({"framing": "bust"})).await.job_id();
    let record = app.record(third).await;
    assert_eq!((record.recipe.as_str(), record.photo_of), ("headshot,look=soft,framing=bust", Some(first)));
    // Every one of them is in the queue.
    assert_eq!(app.backend.tasks.depth().await.unwrap().ready, 3);
    let photo = app.backend.blobs.get(BlobKey::Original(second), 1 << 20).await.unwrap();
    assert!(photo.is_none(), "the photo is stored once");
}

#[tokio::test]
async fn what_cannot_be_rendered_again_is_said() {
    let app = TestApp::start().await;
    let waiting = app.submit(photos::jpeg()).await;
    rerender(&app, waiting, json!({"look": "soft"})).await.assert_problem(409, "not_done");
    let id = done(&app).await;
    for (body, code) in [
        (json!({}), "nothing_to_change"),
        (json!({"look": "house"}), "nothing_to_change"),
        (json!({"recipe": "headshot"}), "nothing_to_change"),
        (json!({"recipe": "headshot,look=soft", "look": "soft"}), "recipe_and_parts"),
        (json!({"look": "noir"}), "malformed_json"),
        (json!({"lok": "soft"}), "malformed_json"),
        (json!({"recipe": "oil painting"}), "unknown_recipe"),
    ] {
        rerender(&app, id, body).await.assert_problem(400, code);
    }
    rerender(&app, JobId::new(), json!({"look": "soft"})).await.assert_problem(404, "not_found");
}

#[tokio::test]
async fn of_a_photo_that_is_not_kept_any_more_no_other_picture_is_made() {
    let app = TestApp::start().await;
    let first = done(&app).await;
    let second = rerender(&app, first, json!({"look": "soft"})).await.job_id();
    app.pretend_to_render(second).await;
    let waiting = app.backend.tasks.depth().await.unwrap().ready;
    app.backend.blobs.delete(BlobKey::Original(first)).await.unwrap();
    for id in [first, second] {
        let key = [("idempotency-key", "\"again\"")];
        let body = json!({"look": "dramatic"});
        let answer = post_json(&app, &format!("/headshot/{id}/rerender"), body, &key).await;
        answer.assert_problem(410, "photo_expired");
        assert_eq!(answer.json()["retryable"], false);
        assert_eq!(app.get(&format!("/headshot/{id}")).await.status, 200, "what was made of it stays");
    }
    assert_eq!(app.backend.tasks.depth().await.unwrap().ready, waiting, "nobody is sent to look for it");
}

#[tokio::test]
async fn a_re_render_that_is_asked_for_twice_is_made_once() {
    let app = TestApp::start().await;
    let id = done(&app).await;
    let path = format!("/headshot/{id}/rerender");
    let key = [("idempotency-key", "\"look-1\"")];
    let first = post_json(&app, &path, json!({"look": "soft"}), &key).await;
    let again = post_json(&app, &path, json!({"look": "soft"}), &key).await;
    assert_eq!((again.status, again.job_id()), (first.status, first.job_id()));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = post_json(&app, &path, json!({"look": "dramatic"}), &key).await;
    other.assert_problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn an_approved_picture_is_the_last_of_its_photo() {
    let app = TestApp::start().await;
    let first = done(&app).await;
    let second = rerender(&app, first, json!({"look": "soft"})).await.job_id();
    approve(&app, second).await.assert_problem(409, "not_done");
    app.pretend_to_render(second).await;

    let answer = approve(&app, second).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["approval"]["job_id"], second.to_string());
    let again = approve(&app, second).await;
    assert_eq!(again.json()["approval"], answer.json()["approval"], "once is enough");
    approve(&app, first).await.assert_problem(409, "approved");
    for id in [first, second] {
        rerender(&app, id, json!({"look": "dramatic"})).await.assert_problem(409, "approved");
        let document = app.get(&format!("/headshot/{id}")).await.json();
        assert_eq!(document["approval"]["job_id"], second.to_string());
    }
}
