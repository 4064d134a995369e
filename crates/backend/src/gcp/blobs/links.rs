//! Links that Cloud Storage itself honours.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use google_cloud_storage::builder::storage::SignedUrlBuilder;
use google_cloud_storage::http;
use headshot_core::BlobKey;

use super::{CALL_TIMEOUT, GcpBlobs, within};
use crate::{SignedUpload, UploadTerms};

/// IAM's signatures are only sure to be honoured for 12 hours.
const LONGEST_TTL: Duration = Duration::from_secs(12 * 60 * 60);

/// Links in each of two generations. When the young one is full it becomes the old one, which is forgotten.
const GENERATION: usize = 2048;

/// Links to artefacts that were minted a short while ago: each costs a call of IAM, whose quota is that of the project. They
/// are only in memory, and are given out for a quarter of their life.
#[derive(Default)]
pub(crate) struct Links {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<(BlobKey, Duration), Link>,
    old: HashMap<(BlobKey, Duration), Link>,
}

#[derive(Clone)]
struct Link {
    url: String,
    minted: Instant,
}

impl Links {
    fn get(&self, key: BlobKey, ttl: Duration) -> Option<String> {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let found = generations.young.get(&(key, ttl)).or_else(|| generations.old.get(&(key, ttl)));
        found.filter(|link| link.minted.elapsed() < ttl / 4).map(|link| link.url.clone())
    }

    fn keep(&self, key: BlobKey, ttl: Duration, link: Link) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if generations.young.len() >= GENERATION {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert((key, ttl), link);
    }
}

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

    /// Type, size and that there is no such object yet are headers that are signed: Cloud Storage refuses a request that
    /// lacks one or changes it, or that does not keep to it.
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
        let signer =
            self.shared.signer.as_ref().map_err(|error| anyhow!("there is nothing to sign with: {error}"))?;
        ensure!(ttl <= LONGEST_TTL, "a link may last {} s at most", LONGEST_TTL.as_secs());
        // Cloud Storage counts in whole seconds from the whole second, and refuses 0.
        let mut url = url.with_expiration(ttl.max(Duration::from_secs(1)));
        if let Some(emulator) = &self.shared.emulator {
            url = url.with_endpoint(emulator);
        }
        within(CALL_TIMEOUT, url.sign_with(signer)).await?.context("signing a link")
    }
}

#[cfg(test)]
mod tests {
    use headshot_core::{JobId, Rendition};

    use super::*;

    #[test]
    fn a_link_is_given_out_again_while_it_is_young_and_only_so_many_are_kept() {
        let links = Links::default();
        let ttl = Duration::from_secs(3600);
        let keep = |ago: u64| {
            let key = BlobKey::Artefact(JobId::new(), Rendition::Preview);
            let minted = Instant::now().checked_sub(Duration::from_secs(ago)).expect("the machine is up");
            links.keep(key, ttl, Link { url: format!("minted {ago} s ago"), minted });
            key
        };
        let (young, old) = (keep(60), keep(901));
        assert_eq!(links.get(young, ttl).as_deref(), Some("minted 60 s ago"));
        assert_eq!(links.get(young, ttl / 2), None, "of another life");
        assert_eq!(links.get(old, ttl), None);
        for _ in 0..3 * GENERATION {
            keep(0);
        }
        assert_eq!(links.get(young, ttl), None);
        let generations = links.generations.lock().expect("nobody panics");
        assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION);
    }
}
