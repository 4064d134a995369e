//! Shops with keys, for the tests of who may do what.

use std::path::PathBuf;

use bytes::Bytes;
use headshot_backend::api_keys::{KeysEdit, NewKey, Scope, Scopes};
use headshot_core::JobId;
use hyper::Method;
use jiff::Timestamp;
use tempfile::TempDir;

use crate::photos;
use crate::support::{Answer, TestApp};

/// A file of keys.
pub struct Shops {
    folder: TempDir,
}

impl Shops {
    pub fn new() -> Self {
        let shops = Self { folder: TempDir::new().unwrap() };
        std::fs::write(shops.path(), "").unwrap();
        KeysEdit::change(&shops.path(), |_| Ok(())).unwrap();
        shops
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    /// A new key with these scopes.
    pub fn key(&self, tenant: &str, scopes: &[Scope]) -> String {
        self.limited_key(tenant, scopes, None, None)
    }

    pub fn limited_key(
        &self,
        tenant: &str,
        scopes: &[Scope],
        rate: Option<u32>,
        quota: Option<u64>,
    ) -> String {
        let new = NewKey {
            tenant: tenant.parse().unwrap(),
            scopes: scopes.iter().copied().collect(),
            rate_per_minute: rate,
            monthly_quota: quota,
            label: None,
        };
        KeysEdit::change(&self.path(), |file| file.create(&new, Timestamp::now())).unwrap()
    }

    /// A key for everything that shops do.
    pub fn shop_key(&self, tenant: &str) -> String {
        self.key(tenant, &Scopes::ALL_BUT_ADMIN.iter().collect::<Vec<_>>())
    }

    pub fn revoke(&self, key: &str) {
        let id = id_of(key).to_owned();
        assert!(KeysEdit::change(&self.path(), |file| file.revoke(&id, Timestamp::now())).unwrap());
    }

    /// A server that asks for these keys.
    pub async fn start(&self, flags: &[&str]) -> TestApp {
        let path = self.path();
        let own = ["--api-keys-file", path.to_str().unwrap()];
        TestApp::start_with(&[&own, flags].concat()).await
    }
}

/// What of a key may be shown.
pub fn id_of(key: &str) -> &str {
    key.strip_prefix("hs_").unwrap().rsplit_once('_').unwrap().0
}

impl TestApp {
    pub async fn get_as(&self, key: &str, path: &str) -> Answer {
        self.get_with(path, &[("authorization", &format!("Bearer {key}"))]).await
    }

    pub async fn post_as(&self, key: &str, path: &str) -> Answer {
        let bearer = format!("Bearer {key}");
        self.send(Method::POST, path, &[("authorization", &bearer)], Bytes::from(photos::jpeg())).await
    }

    /// Sends a photo that must be accepted.
    pub async fn submit_as(&self, key: &str) -> JobId {
        let answer = self.post_as(key, "/headshot-async").await;
        assert_eq!(answer.status, 202, "{answer:?}");
        answer.job_id()
    }
}
