//! Links that Cloud Storage itself honours.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use google_cloud_storage::builder::storage::SignedUrlBuilder;
use google_cloud_storage::http;
use headshot_core::BlobKey;

use super::blobs::GcpBlobs;
use super::calls::within;
use super::link_cache::Link;
use crate::contract::blobs::{SignedUpload, UploadTerms};
use crate::error::{BackendError, Context, Result, ensure};
use crate::gcp::deadlines::CALL_TIMEOUT;

/// IAM's signatures are only sure to be honoured for 12 hours.
const LONGEST_TTL: Duration = Duration::from_secs(12 * 60 * 60);

impl GcpBlobs {
    /// The same link again for a quarter of its life.
    pub(crate) fn signed_url(&self, key: BlobKey, ttl: Duration) -> BoxFuture<'_, Result<String>> {
        async move {
            if let Some(url) = self.shared.links.get(key, ttl) {
                return Ok(url);
            }
            // Its life begins before it is signed.
            let minted = Instant::now();
            let url = self.sign(SignedUrlBuilder::for_object(self.bucket(key), key.path()), ttl).await?;
            self.shared.links.keep(key, ttl, Link { url: url.clone(), minted });
            Ok(url)
        }
        .boxed()
    }

    /// Type, size and that there is no such object yet are headers that are signed: Cloud Storage refuses a
    /// request that lacks one or changes it, or that does not keep to it.
    pub(crate) fn signed_upload<'a>(
        &'a self,
        terms: &'a UploadTerms,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<SignedUpload>> {
        async move {
            let UploadTerms { key, content_type, bytes } = terms;
            let headers = vec![
                ("content-type", content_type.clone()),
                ("x-goog-content-length-range", format!("{bytes},{bytes}")),
                ("x-goog-if-generation-match", "0".to_owned()),
            ];
            let mut url =
                SignedUrlBuilder::for_object(self.bucket(*key), key.path()).with_method(http::Method::PUT);
            for (name, value) in &headers {
                url = url.with_header(*name, value);
            }
            Ok(SignedUpload { url: self.sign(url, ttl).await?, headers })
        }
        .boxed()
    }

    async fn sign(&self, url: SignedUrlBuilder, ttl: Duration) -> Result<String> {
        let signer = self.shared.signer.as_ref().map_err(|error| {
            BackendError::Denied(format!("there is nothing to sign with: {error}").into())
        })?;
        ensure!(ttl <= LONGEST_TTL, Denied, "a link may last {} s at most", LONGEST_TTL.as_secs());
        // Cloud Storage counts in whole seconds from the whole second, and refuses 0.
        let mut url = url.with_expiration(ttl.max(Duration::from_secs(1)));
        if let Some(emulator) = &self.shared.emulator {
            url = url.with_endpoint(emulator);
        }
        within(CALL_TIMEOUT, url.sign_with(signer)).await?.context("signing a link")
    }
}
