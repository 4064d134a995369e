//! How much is let in: limits, quotas, lock-outs and the backlog, each from the side of whoever runs into it.

use std::time::Duration;

use bytes::Bytes;
use headshot_backend::api_keys::Scope::{Read, Submit};
use hyper::Method;
use tokio::net::TcpListener;

use crate::photos;
use crate::shops::Shops;
use crate::support::{Answer, TestApp, config, send};

const LONG: Duration = Duration::from_secs(600);

fn retry_after(answer: &Answer) -> Duration {
    let seconds = answer.header("retry-after").parse().unwrap_or_else(|_| panic!("{answer:?}"));
    assert!((1..=LONG.as_secs()).contains(&seconds), "{answer:?}");
    Duration::from_secs(seconds)
}

/// Sends a photo from an address, with a key or without.
async fn post_from(app: &TestApp, forwarded: &str, key: Option<&str>) -> Answer {
    let bearer = format!("Bearer {}", key.unwrap_or_default());
    let headers = [("x-forwarded-for", forwarded), ("authorization", &bearer)];
    let headers = if key.is_some() { &headers[..] } else { &headers[..1] };
    app.send(Method::POST, "/headshot-async", headers, Bytes::from(photos::jpeg())).await
}

#[tokio::test]
async fn a_key_may_call_as_often_as_it_says_and_again_when_the_answer_says() {
    let shops = Shops::new();
    let [limited, unlimited] =
        [Some(20), None].map(|rate| shops.limited_key("acme", &[Submit, Read], rate, None));
    let app = shops.start(&[]).await;
    let first = app.post_as(&limited, "/headshot-async").await;
    assert_eq!(first.status, 202);
    assert_eq!(first.header("ratelimit-policy"), "\"key\";q=20;w=60");
    assert_eq!(first.header("ratelimit"), "\"key\";r=19;t=3");
    let mut accepted = 1;
    let refused = loop {
        let answer = app.post_as(&limited, "/headshot-async").await;
        if answer.status != 202 {
            break answer;
        }
        accepted += 1;
    };
    assert!((20..=22).contains(&accepted), "{accepted} and what came back meanwhile");
    let problem = refused.assert_problem(429, "rate_limited");
    assert_eq!(problem["retryable"], true);
    assert!(refused.header("ratelimit").starts_with("\"key\";r=0;t="), "{refused:?}");
    let id = app.submit_as(&unlimited).await;
    assert_eq!(app.get_as(&limited, &format!("/headshot/{id}")).await.status, 200, "reading is not limited");
    tokio::time::sleep(retry_after(&refused)).await;
    assert_eq!(app.post_as(&limited, "/headshot-async").await.status, 202);
}

#[tokio::test]
async fn two_instances_count_together_to_within_a_tenth() {
    let shops = Shops::new();
    let key = shops.limited_key("acme", &[Submit], Some(60), None);
    let app = shops.start(&[]).await;
    let path = shops.path();
    let beside = config(app.data_dir(), &["--api-keys-file", path.to_str().unwrap()]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let second = listener.local_addr().unwrap();
    tokio::spawn(headshot_api::run(listener, beside, std::future::pending()));

    let began = std::time::Instant::now();
    let bearer = format!("Bearer {key}");
    let (mut accepted, mut refused) = (0, 0);
    while refused < 4 {
        for address in [app.address, second] {
            let headers = [("authorization", bearer.as_str())];
            let photo = Bytes::from(photos::jpeg());
            match send(address, Method::POST, "/headshot-async", &headers, photo).await.status.as_u16() {
                202 => accepted += 1,
                429 => refused += 1,
                other => panic!("{other}"),
            }
        }
    }
    let most = 60 + began.elapsed().as_secs() + 1;
    assert!((54..=most).contains(&accepted), "{accepted} of 60, and no more than {most}");
}

#[tokio::test]
async fn an_address_is_limited_whatever_it_says_of_itself() {
    let app = TestApp::start_with(&["--rate-limit-per-address", "5", "--trusted-proxies", "1"]).await;
    let mut statuses = Vec::new();
    for number in 0..6 {
        // The last entry is the proxy's own; what a client has written before it changes nothing.
        let answer = post_from(&app, &format!("10.0.0.{number}, 203.0.113.7"), None).await;
        statuses.push(answer.status.as_u16());
        if number == 0 {
            assert_eq!(answer.header("ratelimit-policy"), "\"address\";q=5;w=60");
        } else if number == 5 {
            answer.assert_problem(429, "rate_limited");
            retry_after(&answer);
        }
    }
    assert_eq!(statuses, [202, 202, 202, 202, 202, 429]);
    assert_eq!(post_from(&app, "203.0.113.8", None).await.status, 202, "another address is another one");
    for network in ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8::5"] {
        assert_eq!(post_from(&app, network, None).await.status, 202);
    }
    post_from(&app, "2001:db8::6", None).await.assert_problem(429, "rate_limited");
}

#[tokio::test]
async fn whoever_guesses_keys_is_locked_out_and_nobody_else_is() {
    let shops = Shops::new();
    let key = shops.shop_key("acme");
    let app = shops.start(&["--trusted-proxies", "1"]).await;
    let id = app.submit_as(&key).await;
    let ask = async |from: &str, key: &str| {
        let bearer = format!("Bearer {key}");
        app.get_with(&format!("/headshot/{id}"), &[("x-forwarded-for", from), ("authorization", &bearer)])
            .await
    };
    let mut seen = Vec::new();
    for number in 0..200 {
        let guess = format!("hs_k_{number:016x}_{}", "0".repeat(64));
        let answer = ask("203.0.113.66", &guess).await;
        seen.push(answer.status.as_u16());
        if answer.status == 429 {
            answer.assert_problem(429, "too_many_failures");
            retry_after(&answer);
        }
    }
    let looked_at = seen.iter().filter(|status| **status == 401).count();
    assert!((30..45).contains(&looked_at), "{looked_at} of {seen:?}");
    ask("203.0.113.66", &key).await.assert_problem(429, "too_many_failures");
    assert_eq!(ask("203.0.113.67", &key).await.status, 200);
    ask("203.0.113.67", "hs_k_1_2").await.assert_problem(401, "invalid_key");
}

#[tokio::test]
async fn a_quota_counts_photos_that_were_taken_and_no_others() {
    let shops = Shops::new();
    let key = shops.limited_key("acme", &[Submit, Read], None, Some(3));
    let app = shops.start(&[]).await;
    let bearer = format!("Bearer {key}");
    for _ in 0..5 {
        let headers = [("authorization", bearer.as_str())];
        let answer =
            app.send(Method::POST, "/headshot-async", &headers, Bytes::from_static(b"no photo")).await;
        assert_eq!(answer.status, 415, "{answer:?}");
        assert!(answer.header("ratelimit").starts_with("\"month\";r=3;t="), "nothing is used up: {answer:?}");
    }
    for left in [2, 1, 0] {
        let answer = app.post_as(&key, "/headshot-async").await;
        assert_eq!(answer.status, 202);
        assert!(answer.header("ratelimit").starts_with(&format!("\"month\";r={left};t=")), "{answer:?}");
        assert!(answer.header("ratelimit-policy").starts_with("\"month\";q=3;w=2"), "{answer:?}");
    }
    let over = app.post_as(&key, "/headshot-async").await;
    over.assert_problem(429, "quota_exceeded");
    assert!(over.header("retry-after").parse::<u64>().is_ok());
}

#[tokio::test]
async fn photos_are_turned_away_while_too_many_wait_and_taken_again_when_fewer_do() {
    let app = TestApp::start_with(&["--max-backlog", "2"]).await;
    let waiting = [app.submit(photos::jpeg()).await, app.submit(photos::jpeg()).await];
    let refused = app.post("/headshot-async", photos::jpeg()).await;
    let problem = refused.assert_problem(503, "backlog");
    assert_eq!(problem["retryable"], true);
    retry_after(&refused);
    assert_eq!(app.get(&format!("/headshot/{}", waiting[0])).await.status, 200);
    for id in waiting {
        app.pretend_to_render(id).await;
    }
    tokio::time::sleep(retry_after(&refused)).await;
    assert_eq!(app.post("/headshot-async", photos::jpeg()).await.status, 202);
    assert!(app.get("/metrics").await.body.windows(15).any(|bytes| bytes == b"code=\"backlog\"}"));
}

#[tokio::test]
async fn without_any_limit_no_header_speaks_of_one() {
    let app = TestApp::start().await;
    let answer = app.post("/headshot-async", photos::jpeg()).await;
    assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), ("", ""));
}

#[tokio::test]
async fn what_an_idempotency_key_repeats_is_heard_though_the_quota_is_used_up_or_the_backlog_full() {
    let shops = Shops::new();
    let key = shops.limited_key("acme", &[Submit, Read], None, Some(1));
    for flags in [&[][..], &["--max-backlog", "1"]] {
        let app = shops.start(flags).await;
        let bearer = format!("Bearer {key}");
        let post = async |idempotency_key: &str| {
            let headers = [("authorization", bearer.as_str()), ("idempotency-key", idempotency_key)];
            app.send(Method::POST, "/headshot-async", &headers, photos::jpeg().into()).await
        };
        let first = post("first").await;
        assert_eq!(first.status, 202, "{first:?}");
        let again = post("first").await;
        assert_eq!(again.status, 202, "{again:?}");
        assert_eq!(again.job_id(), first.job_id());
        assert_eq!(again.header("idempotency-replayed"), "true");
        let new = post("second").await;
        assert!(matches!(new.status.as_u16(), 429 | 503), "{new:?}");
        // A refusal left no trace of its key.
        let new = post("second").await;
        assert!(matches!(new.status.as_u16(), 429 | 503), "{new:?}");
    }
}
