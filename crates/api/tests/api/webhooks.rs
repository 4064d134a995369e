//! Which jobs get a webhook, and where it may go.

use std::fs;
use std::time::Duration;

use headshot_backend::DisabledEndpoint;
use headshot_backend::api_keys::{KeysEdit, NewKey, Scope};
use headshot_core::WebhookState;
use jiff::Timestamp;
use tempfile::TempDir;

use crate::photos;
use crate::support::{Form, TestApp};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// An API whose file of tenants says `webhook` for whoever has no key.
async fn app(webhook: &str, flags: &[&str]) -> (TestApp, TempDir) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("keys.json");
    fs::write(&file, format!(r#"{{"tenants": {{"anonymous": {{"webhook": {webhook}}}}}}}"#)).unwrap();
    let flags = [&["--api-keys-file", file.to_str().unwrap(), "--allow-anonymous", "true"], flags].concat();
    (TestApp::start_with(&flags).await, folder)
}

fn form(url: &str) -> Form {
    Form::default().file("a.jpg", &photos::jpeg()).text("webhook_url", url)
}

#[tokio::test]
async fn a_job_is_told_of_where_its_request_says_else_where_its_tenant_does() {
    let settings = format!(r#"{{"url": "https://shop.example/all", "secrets": ["{SECRET}"]}}"#);
    let (app, _folder) = app(&settings, &[]).await;
    let asked = form("https://Shop.example:443/this?order=7");
    let none = Form::default().file("a.jpg", &photos::jpeg());
    let empty = form("");
    for (form, url) in [
        (asked, "https://shop.example/this?order=7"),
        (none, "https://shop.example/all"),
        (empty, "https://shop.example/all"),
    ] {
        let answer = app.post_form("/headshot-async", &form).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let webhook = app.record(answer.job_id()).await.webhook.unwrap();
        assert_eq!((webhook.url.as_str(), webhook.state), (url, WebhookState::Pending));
        assert_eq!((webhook.next_at, webhook.attempts), (None, 0), "not before the job has ended");
    }
}

#[tokio::test]
async fn a_url_in_the_query_string_counts_as_well() {
    let (app, _folder) = app(&format!(r#"{{"secrets": ["{SECRET}"]}}"#), &[]).await;
    let path = "/headshot-async?webhook_url=https%3A%2F%2Fshop.example%2Fq";
    let answer = app.send(hyper::Method::POST, path, &[], photos::jpeg().into()).await;
    let webhook = app.record(answer.job_id()).await.webhook.unwrap();
    assert_eq!(webhook.url, "https://shop.example/q");
    // Without a URL anywhere there is nobody to tell.
    let answer = app.send(hyper::Method::POST, "/headshot-async", &[], photos::jpeg().into()).await;
    assert_eq!(app.record(answer.job_id()).await.webhook, None);
}

#[tokio::test]
async fn a_webhook_that_could_not_be_signed_is_refused_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let answer = app.post_form("/headshot-async", &form("https://shop.example/")).await;
    let problem = answer.assert_problem(400, "no_webhook_secret");
    assert!(problem["detail"].as_str().unwrap().contains("no secret"), "{problem}");
    app.assert_nothing_stays_stored().await;
}

#[tokio::test]
async fn a_url_that_leads_inside_is_refused_and_nothing_is_kept() {
    let (app, _folder) = app(&format!(r#"{{"secrets": ["{SECRET}"]}}"#), &[]).await;
    for (url, words) in [
        ("http://shop.example/", "https://"),
        ("https://localhost/", "public internet"),
        ("https://127.0.0.1/", "public internet"),
        ("https://2130706433/", "public internet"),
        ("https://0x7f.1/", "public internet"),
        ("https://[::ffff:7f00:1]/", "public internet"),
        ("https://169.254.169.254/computeMetadata/v1/", "public internet"),
        ("https://metadata.google.internal/", "public internet"),
        ("https://shop.example:22/", "443 and 8443"),
        ("https://me:secret@shop.example/", "password"),
        ("https://shop.example/\r\nX-Evil: 1", "not a URL"),
        ("https://shop.example/#x", "fragment"),
        (&format!("https://shop.example/{}", "x".repeat(500)), "500 characters"),
        ("shop", "not a URL"),
    ] {
        let answer = app.post_form("/headshot-async", &form(url)).await;
        let problem = answer.assert_problem(400, "invalid_webhook_url");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{url}: {problem}");
    }
    app.assert_nothing_stays_stored().await;
}

#[tokio::test]
async fn development_may_have_webhooks_sent_to_this_machine() {
    let settings = format!(r#"{{"url": "http://localhost:9/all", "secrets": ["{SECRET}"]}}"#);
    let (app, _folder) = app(&settings, &["--webhook-allow-private", "true"]).await;
    let answer = app.post_form("/headshot-async", &form("http://127.0.0.1:9/hooks")).await;
    let webhook = app.record(answer.job_id()).await.webhook.unwrap();
    assert_eq!(webhook.url, "http://127.0.0.1:9/hooks");
}

#[tokio::test]
async fn support_sends_a_webhook_again_and_opens_an_endpoint_that_was_gone() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("keys.json");
    let webhook = format!(r#"{{"url": "https://shop.example/all", "secrets": ["{SECRET}"]}}"#);
    fs::write(&file, format!(r#"{{"tenants": {{"acme": {{"webhook": {webhook}}}}}}}"#)).unwrap();
    let new = NewKey {
        tenant: "acme".parse().unwrap(),
        scopes: [Scope::Submit, Scope::Admin].into_iter().collect(),
        rate_per_minute: None,
        monthly_quota: None,
        label: None,
    };
    let key = KeysEdit::change(&file, |file| file.create(&new, Timestamp::now())).unwrap();
    let app = TestApp::start_with(&["--api-keys-file", file.to_str().unwrap()]).await;
    let id = app.submit_as(&key).await;
    app.pretend_to_fail(id, "too_dark", "This photo is too dark.").await;

    // The shop's server says that it is gone.
    let due = app.backend.jobs.due_webhooks(10).await.unwrap();
    let claim = app.backend.jobs.claim_webhook(&due[0], Duration::from_secs(60)).await.unwrap().unwrap();
    let webhook = claim.record().webhook.clone().unwrap();
    let gone = webhook.ended(WebhookState::Disabled, "It answered 410 Gone.".into());
    assert!(app.backend.jobs.record_delivery(&claim, gone).await.unwrap());
    let endpoint = DisabledEndpoint {
        tenant: "acme".parse().unwrap(),
        url: "https://shop.example/all".into(),
        job_id: id,
        at: Timestamp::now(),
    };
    app.backend.jobs.disable_endpoint(&endpoint).await.unwrap();

    let listed = app.get_as(&key, "/admin/jobs").await.json();
    assert_eq!(listed["jobs"][0]["webhook"]["state"], "disabled", "{listed}");
    let answer = app.post_as(&key, &format!("/admin/jobs/{id}/webhook")).await;
    assert_eq!(answer.json(), serde_json::json!({"enabled": true, "sent_again": true}));
    assert_eq!(app.record(id).await.webhook.unwrap().state, WebhookState::Pending);
    let again = app.post_as(&key, &format!("/admin/jobs/{id}/webhook")).await;
    assert_eq!(again.json(), serde_json::json!({"enabled": false, "sent_again": false}), "it is on its way");
}
