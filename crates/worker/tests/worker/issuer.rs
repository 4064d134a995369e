//! Somebody who issues tokens as Google does: keys made for the test, and an address where their public halves are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Result, anyhow};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;

/// What the subscription is told to write into its tokens, and whom they speak for.
pub const AUDIENCE: &str = "https://worker.example/pubsub/push";
pub const ACCOUNT: &str = "push@shop-1.iam.gserviceaccount.com";

/// A key with its name.
pub struct Key {
    pub id: String,
    pair: RsaKeyPair,
}

/// A server that publishes keys.
pub struct Issuer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    published: watch::Sender<Published>,
    asked: AtomicU32,
}

#[derive(Clone)]
pub enum Published {
    /// A set of keys.
    Keys(Value),
    /// An error.
    Nothing,
    /// Not a word, but the connection stays.
    Stalled,
}

impl Key {
    pub fn new(id: &str) -> Result<Self> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| anyhow!("no key could be made"))?;
        Ok(Self { id: id.into(), pair })
    }

    /// A token in which this key vouches for `claims`.
    pub fn token(&self, claims: &Value) -> Result<String> {
        self.sign(&json!({"alg": "RS256", "kid": self.id, "typ": "JWT"}), claims)
    }

    /// The same with another header.
    pub fn sign(&self, header: &Value, claims: &Value) -> Result<String> {
        let content = unsigned(header, claims);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), content.as_bytes(), &mut signature)
            .map_err(|_| anyhow!("nothing could be signed"))?;
        Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What everybody knows of it, as bytes.
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn published(&self) -> Value {
        let public = self.pair.public_key();
        let text = |number: &[u8]| URL_SAFE_NO_PAD.encode(number);
        json!({
            "kid": self.id, "kty": "RSA", "alg": "RS256", "use": "sig",
            "n": text(public.modulus().big_endian_without_leading_zero()),
            "e": text(public.exponent().big_endian_without_leading_zero()),
        })
    }
}

/// Header and claims as a token has them, before the signature.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// What Pub/Sub's tokens claim.
pub fn claims() -> Value {
    let now = Timestamp::now().as_second();
    json!({
        "iss": "https://accounts.google.com", "aud": AUDIENCE, "azp": "113774264463038321964",
        "sub": "113774264463038321964", "email": ACCOUNT, "email_verified": true,
        "iat": now - 60, "exp": now + 3540,
    })
}

impl Published {
    pub fn keys(keys: &[&Key]) -> Self {
        // Sets have keys of other kinds as well.
        let other = json!({"kid": "elliptic", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
        let keys: Vec<_> = keys.iter().map(|key| key.published()).chain([other]).collect();
        Self::Keys(json!({"keys": keys}))
    }
}

impl Issuer {
    pub async fn start(published: Published) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { published: watch::Sender::new(published), asked: AtomicU32::new(0) });
        let router = Router::new().route("/certs", get(certs)).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, shared })
    }

    pub fn url(&self) -> String {
        format!("http://{}/certs", self.address)
    }

    pub fn publish(&self, published: Published) {
        self.shared.published.send_replace(published);
    }

    /// How often it was asked for keys.
    pub fn asked(&self) -> u32 {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

async fn certs(State(shared): State<Arc<Shared>>) -> Response {
    shared.asked.fetch_add(1, Ordering::SeqCst);
    let published = shared.published.borrow().clone();
    match published {
        Published::Keys(keys) => {
            let headers =
                [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=3600")];
            (headers, keys.to_string()).into_response()
        }
        Published::Nothing => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Published::Stalled => {
            sleep(Duration::from_secs(60)).await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
    }
}
