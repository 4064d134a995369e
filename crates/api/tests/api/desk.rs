//! What support does: look jobs up, try them again, erase them.

use std::time::Duration;

use bytes::Bytes;
use headshot_backend::api_keys::Scope::{Admin, Read};
use headshot_core::{JobId, Status};
use hyper::Method;
use serde_json::json;

use crate::photos;
use crate::shops::Shops;
use crate::support::{Answer, TestApp};

async fn delete(app: &TestApp, id: JobId) -> Answer {
    app.send(Method::DELETE, &format!("/headshot/{id}"), &[], Bytes::new()).await
}

async fn retry(app: &TestApp, id: JobId) -> Answer {
    app.post(&format!("/admin/jobs/{id}/retry"), Bytes::new()).await
}

fn ids(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let jobs = json["jobs"].as_array().expect("a list of jobs");
    jobs.iter().map(|job| job["job_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn support_finds_an_order_and_reads_what_happened() {
    let app = TestApp::start().await;
    let lost = app.post("/headshot-async?order_id=%231001", photos::jpeg()).await.job_id();
    let other = app.post("/headshot-async?order_id=%231002", photos::jpeg()).await.job_id();
    app.pretend_to_fail(lost, "too_dark", "This photo is too dark.").await;

    let found = app.get("/admin/jobs?order_id=%231001").await;
    assert_eq!(ids(&found), [lost.to_string()]);
    let job = &found.json()["jobs"][0];
    assert_eq!((&job["status"], &job["error"]["code"]), (&json!("failed"), &json!("too_dark")));
    assert!(job["message_for_support"].is_string() && job["trace_id"].is_string(), "{job}");
    assert_eq!(ids(&app.get("/admin/jobs?status=queued").await), [other.to_string()]);
    assert_eq!(ids(&app.get("/admin/jobs?since=2999-01-01T00:00:00Z").await), Vec::<String>::new());

    let page = app.get("/admin/jobs?limit=1").await;
    assert_eq!(ids(&page), [other.to_string()], "the newest first");
    let before = page.json()["next_before"].as_str().unwrap().to_owned();
    let next = app.get(&format!("/admin/jobs?limit=1&before={before}")).await;
    assert_eq!(ids(&next), [lost.to_string()]);
    assert!(next.json().get("next_before").is_none(), "this is the last, however full it is: {next:?}");
    for query in [
        "statsu=failed",
        "status=lost",
        "since=yesterday",
        "limit=0",
        "limit=201",
        "limit=x",
        "status=done&status=failed",
    ] {
        app.get(&format!("/admin/jobs?{query}")).await.assert_problem(400, "invalid_search");
    }
    app.get("/admin/jobs?order_id=A%fe").await.assert_problem(400, "malformed_query");
    app.post("/headshot-async?order_id=A%ff", photos::jpeg()).await.assert_problem(400, "malformed_query");
}

#[tokio::test]
async fn support_tries_a_failed_job_again_and_the_old_one_stays_as_it_is() {
    let app = TestApp::start().await;
    let id =
        app.post("/headshot-async?order_id=%231001&recipe=headshot,grain", photos::jpeg()).await.job_id();
    app.pretend_to_fail(id, "internal", "Something went wrong.").await;
    let failed = app.record(id).await;
    let answer = retry(&app, id).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let again = app.record(answer.job_id()).await;
    assert_eq!((again.photo_of, again.status), (Some(id), Status::Queued));
    assert_eq!((&again.recipe, &again.order_id), (&failed.recipe, &failed.order_id));
    assert_eq!(app.record(id).await, failed, "what has ended stays");

    // One that waits is published again; one that is done is not made again.
    assert_eq!(retry(&app, again.job_id).await.job_id(), again.job_id);
    app.pretend_to_render(again.job_id).await;
    retry(&app, again.job_id).await.assert_problem(409, "nothing_to_retry");
}

#[tokio::test]
async fn an_erased_job_leaves_no_file_and_takes_its_re_renders_along() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    app.pretend_to_render(id).await;
    let body = Bytes::from(json!({"look": "soft"}).to_string());
    let headers = [("content-type", "application/json")];
    let again = app.send(Method::POST, &format!("/headshot/{id}/rerender"), &headers, body).await.job_id();
    assert!(!app.stored().is_empty());

    let answer = delete(&app, id).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["erased"], json!([again, id]));
    assert!(app.stored().is_empty(), "{:?}", app.stored());
    for id in [id, again] {
        app.get(&format!("/headshot/{id}")).await.assert_problem(404, "not_found");
        delete(&app, id).await.assert_problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_key_of_an_erased_job_says_so_instead_of_leading_nowhere() {
    let app = TestApp::start().await;
    let post = async |key: &str| {
        app.send(Method::POST, "/headshot-async", &[("idempotency-key", key)], photos::jpeg().into()).await
    };
    let id = post("order-1").await.job_id();
    assert_eq!(delete(&app, id).await.status, 200);
    post("order-1").await.assert_problem(409, "idempotency_key_erased");
    assert_eq!(post("order-1-again").await.status, 202);
}

#[tokio::test]
async fn a_job_that_a_worker_holds_is_erased_a_little_later() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let lease = Duration::from_secs(60);
    app.backend.jobs.claim(id, "worker-1", lease).await.unwrap();
    let answer = delete(&app, id).await;
    answer.assert_problem(409, "under_way");
    assert_eq!(answer.header("retry-after"), "5");
    assert!(!app.stored().is_empty());
}

#[tokio::test]
async fn all_of_it_takes_an_admin_s_key_and_ends_at_the_tenant_s_border() {
    let shops = Shops::new();
    let (shop, reader) = (shops.shop_key("acme"), shops.key("acme", &[Read]));
    let (admin, stranger) = (shops.key("acme", &[Admin]), shops.key("other", &[Admin]));
    let app = shops.start(&[]).await;
    let id = app.submit_as(&shop).await;
    let call = async |key: &str, method: Method, path: String| {
        app.send(method, &path, &[("authorization", &format!("Bearer {key}"))], Bytes::new()).await
    };
    let job = format!("/headshot/{id}");
    let again = format!("/admin/jobs/{id}/retry");
    for key in [&shop, &reader] {
        for (method, path) in [
            (Method::GET, "/admin/jobs".into()),
            (Method::POST, again.clone()),
            (Method::DELETE, job.clone()),
        ] {
            call(key, method, path).await.assert_problem(403, "missing_scope");
        }
    }
    assert_eq!(ids(&call(&stranger, Method::GET, "/admin/jobs".into()).await), Vec::<String>::new());
    for (method, path) in [(Method::POST, again.clone()), (Method::DELETE, job.clone())] {
        call(&stranger, method, path).await.assert_problem(404, "not_found");
    }
    assert_eq!(ids(&call(&admin, Method::GET, "/admin/jobs".into()).await), [id.to_string()]);
    assert_eq!(call(&admin, Method::POST, again).await.status, 202);
    assert_eq!(call(&admin, Method::DELETE, job).await.status, 200);
}
