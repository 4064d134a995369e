//! Shop pages that call the API from a browser.

use bytes::Bytes;
use hyper::Method;

use crate::support::TestApp;

const SHOP: &str = "https://shop.example";

async fn shop() -> TestApp {
    TestApp::start_with(&["--allowed-origins", "https://shop.example, http://localhost:9292"]).await
}

#[tokio::test]
async fn a_listed_origin_may_call_and_read_the_answer_even_an_error() {
    let app = shop().await;
    for origin in [SHOP, "http://localhost:9292"] {
        for path in ["/healthz", "/headshot/unknown", "/no/such/route"] {
            let answer = app.get_with(path, &[("origin", origin)]).await;
            assert_eq!(answer.header("access-control-allow-origin"), origin, "{path}");
            assert_eq!(answer.header("access-control-allow-credentials"), "");
            assert!(answer.header("access-control-expose-headers").contains("location"));
        }
    }
}

#[tokio::test]
async fn nobody_else_is_reflected() {
    let app = shop().await;
    for origin in ["https://evil.example", "null", "https://shop.example.evil.example", "http://shop.example"]
    {
        let answer = app.get_with("/healthz", &[("origin", origin)]).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
    let closed = TestApp::start().await;
    let answer = closed.get_with("/healthz", &[("origin", SHOP)]).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_preflight_is_answered() {
    let app = shop().await;
    let headers = [
        ("origin", SHOP),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    let answer = app.send(Method::OPTIONS, "/headshot-async", &headers, Bytes::new()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), SHOP);
    assert!(answer.header("access-control-allow-methods").contains("POST"));
    assert!(answer.header("access-control-allow-headers").contains("content-type"));
}

#[tokio::test]
async fn the_web_view_of_an_app_may_call() {
    let origins = ["capacitor://localhost", "ionic://localhost", "tauri://localhost", "https://shop.example"];
    let app = TestApp::start_with(&[
        "--allowed-origins",
        "capacitor://localhost,ionic://localhost,tauri://localhost,https://shop.example:443",
    ])
    .await;
    for origin in origins {
        let answer = app.get_with("/healthz", &[("origin", origin)]).await;
        assert_eq!(answer.header("access-control-allow-origin"), origin);
    }
    let answer = app.get_with("/healthz", &[("origin", "capacitor://evil")]).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_page_may_send_the_headers_that_tracers_and_clients_add() {
    let app = shop().await;
    let asked = "baggage,sentry-trace,traceparent,tracestate,x-requested-with,authorization,idempotency-key";
    let headers = [
        ("origin", SHOP),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", asked),
    ];
    for path in ["/headshot-async", "/uploads", "/headshot/unknown"] {
        let answer = app.send(Method::OPTIONS, path, &headers, Bytes::new()).await;
        assert_eq!(answer.header("access-control-allow-origin"), SHOP);
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let allowed: Vec<&str> =
            answer.header("access-control-allow-headers").split(',').map(str::trim).collect();
        assert!(asked.split(',').all(|name| allowed.contains(&name)), "{allowed:?}");
    }
}
