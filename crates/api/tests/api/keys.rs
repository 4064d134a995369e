//! Keys: who gets in, and what they get to see.

use std::time::Duration;

use headshot_backend::api_keys::Scope::{Admin, Print, Read, Submit};
use headshot_core::JobId;
use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::photos;
use crate::shops::{Shops, id_of};
use crate::support::{Answer, TestApp};

fn challenge(answer: &Answer) -> &str {
    answer.header("www-authenticate")
}

#[tokio::test]
async fn without_keys_a_local_service_is_open_and_does_not_look_at_any() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    assert_eq!(app.record(id).await.tenant.as_str(), "anonymous");
    for header in ["Bearer whatever", "Basic eDp5", "Bearer", "\u{e4}"] {
        assert_eq!(app.get_with(&format!("/headshot/{id}"), &[("authorization", header)]).await.status, 200);
    }
}

#[tokio::test]
async fn with_keys_nobody_gets_in_without_one_but_what_is_for_everybody_stays_open() {
    let shops = Shops::new();
    let key = shops.shop_key("acme");
    let app = shops.start(&[]).await;
    for (method, path) in
        [(Method::POST, "/headshot"), (Method::POST, "/headshot-async"), (Method::GET, "/headshot/x")]
    {
        let answer = app.send(method, path, &[], photos::jpeg().into()).await;
        answer.assert_problem(401, "key_required");
        assert_eq!(challenge(&answer), "Bearer");
    }
    app.assert_nothing_is_stored().await;
    for path in ["/", "/healthz", "/health", "/readyz", "/metrics"] {
        assert_eq!(app.get(path).await.status, 200, "{path}");
    }
    app.get("/files/x").await.assert_problem(403, "link_invalid");
    app.get("/nowhere").await.assert_problem(404, "no_such_route");

    let id = app.submit_as(&key).await;
    assert_eq!(app.record(id).await.tenant.as_str(), "acme");
    assert_eq!(app.get_as(&key, &format!("/headshot/{id}")).await.status, 200);
}

#[tokio::test]
async fn wrong_keys_are_refused_alike_and_hostile_headers_do_no_harm() {
    let shops = Shops::new();
    let key = shops.shop_key("acme");
    let app = shops.start(&[]).await;
    let id = app.submit_as(&key).await;
    let path = format!("/headshot/{id}");
    let last = if key.ends_with('0') { "1" } else { "0" };
    let wrong_secret = format!("{}{last}", &key[..key.len() - 1]);
    let unknown = format!("hs_k_0123456789abcdef_{}", "0".repeat(64));
    let mut details = Vec::new();
    for wrong in
        [&wrong_secret, &unknown, &key.to_uppercase(), &key[..key.len() - 1], id_of(&key), "a.b.c", "hs__"]
    {
        let answer = app.get_as(wrong, &path).await;
        details.push(answer.assert_problem(401, "invalid_key")["detail"].clone());
        assert_eq!(challenge(&answer), "Bearer error=\"invalid_token\"");
    }
    details.dedup();
    assert_eq!(details.len(), 1, "nobody learns what it was that was wrong: {details:?}");

    let long = format!("Bearer {}", "x".repeat(20_000));
    for header in [&long, "Bearer", "Bearer \u{e4}", &format!("Bearer {key}, Bearer {key}")] {
        let answer = app.get_with(&path, &[("authorization", header)]).await;
        answer.assert_problem(400, "malformed_authorization");
        assert_eq!(challenge(&answer), "Bearer error=\"invalid_request\"");
    }
    let good = format!("Bearer {key}");
    let twice = app.get_with(&path, &[("authorization", &good), ("authorization", &good)]).await;
    twice.assert_problem(400, "malformed_authorization");
    let basic = app.get_with(&path, &[("authorization", "Basic eDp5")]).await;
    basic.assert_problem(401, "key_required");
    assert_eq!(app.get_as(&key, &path).await.status, 200);
}

#[tokio::test]
async fn each_call_needs_its_scope_and_the_answer_names_it() {
    let shops = Shops::new();
    let [submits, reads, administers] = [Submit, Read, Admin].map(|scope| shops.key("acme", &[scope]));
    let app = shops.start(&["--sync-wait", "5"]).await;
    let lacks = |answer: &Answer, scope: &str| {
        let problem = answer.assert_problem(403, "missing_scope");
        assert!(problem["detail"].as_str().unwrap().contains(scope), "{problem}");
        assert_eq!(challenge(answer), format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""));
    };
    for key in [&reads, &administers] {
        for path in ["/headshot", "/headshot-async"] {
            lacks(&app.post_as(key, path).await, "submit");
        }
    }
    app.assert_nothing_is_stored().await;
    let id = app.submit_as(&submits).await;
    for key in [&submits, &administers] {
        lacks(&app.get_as(key, &format!("/headshot/{id}")).await, "read");
        lacks(&app.get_as(key, "/headshot/not-an-id").await, "read");
    }
    assert_eq!(app.get_as(&reads, &format!("/headshot/{id}")).await.status, 200);
    // Whoever may not read is not made to wait for what they may not see.
    let answer = app.post_as(&submits, "/headshot").await;
    assert_eq!((answer.status.as_u16(), answer.json()["status"].as_str()), (202, Some("queued")));
}

#[tokio::test]
async fn print_masters_are_for_those_who_may_print_and_no_tag_mixes_the_two_up() {
    let shops = Shops::new();
    let (shop, page) = (shops.shop_key("acme"), shops.key("acme", &[Submit, Read]));
    let printer = shops.key("acme", &[Read, Print]);
    let app = shops.start(&[]).await;
    let path = "/headshot-async?recipe=headshot,grey-alpha,background=white";
    let id = app.post_as(&shop, path).await.job_id();
    app.pretend_to_render(id).await;
    let path = format!("/headshot/{id}");
    let links = |answer: &Answer| -> Vec<String> {
        let document = answer.json();
        let names = document.as_object().unwrap().keys().filter(|name| name.ends_with("_url"));
        names.cloned().collect()
    };
    let seen_by_page = app.get_as(&page, &path).await;
    assert_eq!(links(&seen_by_page), ["preview_url"]);
    assert_eq!(
        app.get(
            seen_by_page.json()["preview_url"]
                .as_str()
                .unwrap()
                .strip_prefix(&format!("http://{}", app.address))
                .unwrap()
        )
        .await
        .status,
        200,
        "a link needs no key"
    );
    let all = ["flattened_url", "grey_alpha_url", "preview_url", "print_url"];
    for key in [&shop, &printer] {
        let answer = app.get_as(key, &path).await;
        assert_eq!(links(&answer), all);
        assert_eq!(answer.header("vary"), "authorization");
        assert_ne!(answer.header("etag"), seen_by_page.header("etag"));
        let bearer = format!("Bearer {key}");
        let known = [("authorization", bearer.as_str()), ("if-none-match", seen_by_page.header("etag"))];
        assert_eq!(app.get_with(&path, &known).await.status, 200, "the other one's tag is not theirs");
    }
    let bearer = format!("Bearer {page}");
    let known = [("authorization", bearer.as_str()), ("if-none-match", seen_by_page.header("etag"))];
    let unchanged = app.get_with(&path, &known).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.header("vary")), (304, "authorization"));
}

#[tokio::test]
async fn another_tenants_job_is_exactly_as_missing_as_one_that_never_was() {
    let shops = Shops::new();
    let (ours, theirs) = (shops.shop_key("acme"), shops.key("other", &[Submit, Read, Print, Admin]));
    let app = shops.start(&[]).await;
    let id = app.submit_as(&ours).await;
    app.pretend_to_render(id).await;
    let etag = app.get_as(&ours, &format!("/headshot/{id}")).await.header("etag").to_owned();
    let bearer = format!("Bearer {theirs}");
    let mut answers = Vec::new();
    for id in [id, JobId::new()] {
        let headers =
            [("authorization", bearer.as_str()), ("if-none-match", &etag), ("x-request-id", "the-same")];
        let mut answer = app.get_with(&format!("/headshot/{id}"), &headers).await;
        answer.assert_problem(404, "not_found");
        answer.headers.remove("date");
        answers.push((answer.headers, answer.body));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(app.get_as(&ours, &format!("/headshot/{id}")).await.status, 200);
}

#[tokio::test]
async fn anonymous_callers_may_be_allowed_beside_keys_but_a_wrong_key_is_not_taken_for_none() {
    let shops = Shops::new();
    let key = shops.shop_key("acme");
    let app = shops.start(&["--allow-anonymous", "true"]).await;
    let (mine, anybodys) = (app.submit_as(&key).await, app.submit(photos::jpeg()).await);
    assert_eq!(app.record(anybodys).await.tenant.as_str(), "anonymous");
    assert_eq!(app.get(&format!("/headshot/{anybodys}")).await.status, 200);
    app.get(&format!("/headshot/{mine}")).await.assert_problem(404, "not_found");
    app.get_as(&key, &format!("/headshot/{anybodys}")).await.assert_problem(404, "not_found");
    app.get_as("hs_k_1_2", &format!("/headshot/{anybodys}")).await.assert_problem(401, "invalid_key");

    // The files for print are for those who hold a key, and to ask for what needs one is told so.
    app.pretend_to_render(anybodys).await;
    let document = app.get(&format!("/headshot/{anybodys}")).await.json();
    assert!(document["preview_url"].is_string() && document["print_url"].is_null(), "{document}");
    let refused = app.get("/admin/jobs").await;
    refused.assert_problem(401, "key_required");
    assert_eq!(refused.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn who_may_approve_but_not_read_gets_no_link() {
    let shops = Shops::new();
    let key = shops.shop_key("acme");
    let approvers = [&[Submit][..], &[Submit, Print]].map(|scopes| shops.key("acme", scopes));
    let app = shops.start(&[]).await;
    for approver in approvers {
        let id = app.submit_as(&key).await;
        app.pretend_to_render(id).await;
        let answer = app.post_as(&approver, &format!("/headshot/{id}/approve")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let document = answer.json();
        assert!(document["approval"].is_object(), "{document}");
        assert!(document["preview_url"].is_null() && document["print_url"].is_null(), "{document}");
    }
}

/// What a client does that sends all of it before it listens, over one connection.
#[tokio::test]
async fn whoever_is_refused_at_once_hears_why_and_keeps_the_connection_however_much_was_sent() {
    let shops = Shops::new();
    let reader = shops.key("acme", &[Read]);
    let app = shops.start(&[]).await;
    let bearer = format!("authorization: Bearer {reader}\r\n");
    let body = vec![b'x'; 12_000_000];
    let mut connection = TcpStream::connect(app.address).await.unwrap();
    for (call, authorization, code) in [
        ("POST /headshot-async", "", "key_required"),
        ("POST /headshot-async", bearer.as_str(), "missing_scope"),
        ("POST /headshot/x/rerender", bearer.as_str(), "missing_scope"),
        ("POST /nowhere", "", "no_such_route"),
        ("PUT /uploads", bearer.as_str(), "method_not_allowed"),
    ] {
        let length = body.len();
        let head = format!("{call} HTTP/1.1\r\nhost: x\r\n{authorization}content-length: {length}\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&body).await.unwrap_or_else(|error| panic!("{call}: {error}"));
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            assert!(connection.read_buf(&mut answer).await.unwrap() > 0, "{call}: {answer:?}");
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{call}: {answer}");
    }
}

#[tokio::test]
async fn a_revoked_key_and_a_new_one_count_within_seconds_without_a_restart() {
    let shops = Shops::new();
    let (old, broken_off) = (shops.shop_key("acme"), shops.shop_key("acme"));
    let app = shops.start(&[]).await;
    let id = app.submit_as(&old).await;
    let path = format!("/headshot/{id}");
    let new = shops.shop_key("acme");
    shops.revoke(&old);
    let eventually = async |key: &str, status: u16| {
        for _ in 0..300 {
            if app.get_as(key, &path).await.status == status {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it never came to {status}");
    };
    eventually(&old, 401).await;
    eventually(&new, 200).await;
    // A file that somebody has broken locks nobody out, and lets nobody in.
    std::fs::write(shops.path(), "{\"keys\": [").unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    for _ in 0..3 {
        assert_eq!(app.get_as(&new, &path).await.status, 200);
        assert_eq!(app.get_as(&broken_off, &path).await.status, 200);
        app.get_as(&old, &path).await.assert_problem(401, "invalid_key");
    }
}

#[tokio::test]
async fn a_photo_is_not_waited_for_before_its_sender_is_known() {
    let shops = Shops::new();
    let app = shops.start(&[]).await;
    let mut client = TcpStream::connect(app.address).await.unwrap();
    let head = "POST /headshot-async HTTP/1.1\r\nhost: test\r\ncontent-length: 50000000\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
    app.assert_nothing_is_stored().await;
}
