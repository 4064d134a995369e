use std::sync::atomic::Ordering;

use anyhow::Result;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headshot_core::Status;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::bench::{Fake, headshot, request};
use crate::issuer::{Key, claims, unsigned};
use crate::push_bench::{PushBench, envelope, push, task};

/// The claims of a good token with one of them as given; `null` takes it away.
fn but(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => _ = claims.as_object_mut().and_then(|claims| claims.remove(name)),
        value => claims[name] = value,
    }
    claims
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_token_that_google_signed_for_this_subscription_is_let_in() -> Result<()> {
    let bench = PushBench::new().await?;
    let id = bench.bench.accept_without_task(b"photo").await?;
    let render = Fake::new(|_, _, _| Ok(headshot(b"picture")));
    let worker = bench.start(render.clone()).await?;
    let (key, now) = (&bench.key, Timestamp::now().as_second());
    let body = envelope(&task(id)).to_string();
    let (stranger, impostor) = (Key::new("key-9")?, Key::new("key-1")?);
    let good = key.token(&claims())?;
    let head = |algorithm: &str| json!({"alg": algorithm, "kid": "key-1", "typ": "JWT"});
    // A verifier that believes the header takes the public key for a shared secret.
    let confused = unsigned(&head("HS256"), &claims());
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.public()), confused.as_bytes());

    let bad = [
        ("another issuer", key.token(&but("iss", json!("https://accounts.gooogle.com")))?),
        ("a list of issuers", key.token(&but("iss", json!(["https://accounts.google.com"])))?),
        ("no issuer", key.token(&but("iss", Value::Null))?),
        ("another audience", key.token(&but("aud", json!("https://other.example/")))?),
        ("a list of audiences", key.token(&but("aud", json!([crate::issuer::AUDIENCE])))?),
        ("no audience", key.token(&but("aud", Value::Null))?),
        ("another account", key.token(&but("email", json!("push@shop-2.iam.gserviceaccount.com")))?),
        ("no account", key.token(&but("email", Value::Null))?),
        ("an account that is not verified", key.token(&but("email_verified", json!(false)))?),
        ("an account verified in words", key.token(&but("email_verified", json!("true")))?),
        ("no word on verification", key.token(&but("email_verified", Value::Null))?),
        ("expired", key.token(&but("exp", json!(now - 60)))?),
        ("never expires", key.token(&but("exp", Value::Null))?),
        ("issued tomorrow", key.token(&but("iat", json!(now + 86400)))?),
        ("not valid before tomorrow", key.token(&but("nbf", json!(now + 86400)))?),
        ("not issued", key.token(&but("iat", Value::Null))?),
        ("claims that are no object", key.token(&json!("hostile"))?),
        ("an unsigned token", format!("{}.", unsigned(&head("none"), &claims()))),
        ("the public key as a shared secret", format!("{confused}.{}", URL_SAFE_NO_PAD.encode(mac.as_ref()))),
        ("another algorithm", key.sign(&head("RS512"), &claims())?),
        ("no key named", key.sign(&json!({"alg": "RS256"}), &claims())?),
        ("a key that nobody knows", stranger.token(&claims())?),
        ("a known key's name on another key's signature", impostor.token(&claims())?),
        ("another token's signature", {
            let other = key.token(&but("sub", json!("1")))?;
            let signature = other.rsplit('.').next().unwrap_or_default().to_owned();
            format!("{}.{signature}", good.rsplit_once('.').unwrap_or_default().0)
        }),
        ("a signature that Cloud Run removed", {
            format!("{}.SIGNATURE_REMOVED_BY_GOOGLE", good.rsplit_once('.').unwrap_or_default().0)
        }),
        ("garbage", "garbage".into()),
        ("nothing", String::new()),
        ("too much", "x".repeat(10_000)),
    ];
    let count = bad.len() + 2;
    for (what, token) in bad {
        assert_eq!(push(worker.address, &token, body.as_bytes()).await?, 401, "{what}");
    }
    let basic = [("Authorization", "Basic cHVzaDpwdXNo")];
    for headers in [&[][..], &basic] {
        let (status, answer) =
            request(worker.address, "POST", "/pubsub/push", headers, body.as_bytes()).await?;
        assert_eq!((status, answer.as_str()), (401, ""));
    }
    assert_eq!(bench.bench.record(id).await?.status, Status::Queued);
    assert_eq!(render.calls.load(Ordering::SeqCst), 0);
    let (_, metrics) = worker.get("/metrics").await?;
    let line = format!("headshot_push_refused_total{{reason=\"bad_token\"}} {count}");
    assert!(metrics.contains(&line), "{line} is missing in:\n{metrics}");

    // Clocks differ a little, and Google has two names.
    for claims in
        [but("exp", json!(now - 10)), but("iat", json!(now + 10)), but("iss", json!("accounts.google.com"))]
    {
        assert_eq!(push(worker.address, &key.token(&claims)?, body.as_bytes()).await?, 204, "{claims}");
    }
    assert_eq!(render.calls.load(Ordering::SeqCst), 1);
    worker.stop().await
}
