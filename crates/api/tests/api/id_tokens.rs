//! Programs on Google Cloud that call with a token which Google has signed for their service account.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::issuer::{Issuer, Key, Published, claims, unsigned};
use crate::support::TestApp;

const AUDIENCE: &str = "https://api.example";
const SHOP: &str = "shop@acme-1.iam.gserviceaccount.com";

struct Bench {
    key: Key,
    issuer: Issuer,
    folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let key = Key::new("key-1").unwrap();
        let issuer = Issuer::start(Published::keys(&[&key])).await.unwrap();
        let folder = TempDir::new().unwrap();
        let accounts =
            json!([{"email": SHOP, "tenant": "acme", "scopes": ["submit", "read"], "rate_per_minute": 3}]);
        std::fs::write(folder.path().join("keys.json"), json!({"service_accounts": accounts}).to_string())
            .unwrap();
        Self { key, issuer, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    async fn start(&self) -> TestApp {
        let (path, url) = (self.path(), self.issuer.url());
        let flags = ["--api-keys-file", path.to_str().unwrap(), "--id-token-audience", AUDIENCE];
        TestApp::start_with(&[&flags[..], &["--id-token-keys-url", &url]].concat()).await
    }
}

/// What the token of the shop's server claims, with one claim as given; `null` takes it away.
fn but(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims["aud"] = json!(AUDIENCE);
    claims["email"] = json!(SHOP);
    match value {
        Value::Null => _ = claims.as_object_mut().and_then(|claims| claims.remove(name)),
        value => claims[name] = value,
    }
    claims
}

#[tokio::test]
async fn a_service_account_that_is_known_is_its_tenants_within_its_scopes_and_limits() {
    let bench = Bench::new().await;
    let app = bench.start().await;
    let token = bench.key.token(&but("azp", json!("1"))).unwrap();
    let id = app.submit_as(&token).await;
    assert_eq!(app.record(id).await.tenant.as_str(), "acme");
    app.pretend_to_render(id).await;
    let document = app.get_as(&token, &format!("/headshot/{id}")).await;
    assert!(document.json().get("preview_url").is_some() && document.json().get("print_url").is_none());
    for _ in 0..2 {
        app.submit_as(&token).await;
    }
    app.post_as(&token, "/headshot-async").await.assert_problem(429, "rate_limited");
    assert_eq!(bench.issuer.asked(), 1, "keys are fetched once");
}

#[tokio::test]
async fn any_other_token_is_refused() {
    let bench = Bench::new().await;
    let app = bench.start().await;
    let (key, now) = (&bench.key, Timestamp::now().as_second());
    let (stranger, impostor) = (Key::new("key-9").unwrap(), Key::new("key-1").unwrap());
    let good = but("azp", json!("1"));
    let bad = [
        key.token(&but("iss", json!("https://accounts.evil.example"))).unwrap(),
        key.token(&but("aud", json!("https://other.example"))).unwrap(),
        key.token(&but("aud", Value::Null)).unwrap(),
        key.token(&but("email", json!("shop@other-1.iam.gserviceaccount.com"))).unwrap(),
        key.token(&but("email", Value::Null)).unwrap(),
        key.token(&but("email_verified", json!(false))).unwrap(),
        key.token(&but("exp", json!(now - 60))).unwrap(),
        stranger.token(&good).unwrap(),
        impostor.token(&good).unwrap(),
        format!("{}.", unsigned(&json!({"alg": "none", "kid": "key-1"}), &good)),
        "a.b.c".into(),
    ];
    for token in bad {
        let answer = app.get_as(&token, "/headshot/x").await;
        answer.assert_problem(401, "invalid_token");
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
    // Anybody can write that Google has removed a signature.
    let removed = format!("{}.SIGNATURE_REMOVED_BY_GOOGLE", unsigned(&json!({"alg": "RS256"}), &good));
    app.get_as(&removed, "/headshot/x").await.assert_problem(401, "key_required");
}

#[tokio::test]
async fn while_googles_keys_are_away_a_token_is_neither_good_nor_bad() {
    let bench = Bench::new().await;
    bench.issuer.publish(Published::Nothing);
    let app = bench.start().await;
    let token = bench.key.token(&but("azp", json!("1"))).unwrap();
    app.get_as(&token, "/headshot/x").await.assert_problem(503, "tokens_unavailable");
    bench.issuer.publish(Published::keys(&[&bench.key]));
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    app.get_as(&token, "/headshot/x").await.assert_problem(404, "not_found");
}
