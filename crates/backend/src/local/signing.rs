//! URLs that carry their own permission: path and expiry under an HMAC.

use std::time::Duration;

use headshot_core::{BlobKey, Bucket};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use super::folder::bucket_name;
use crate::contract::blobs::{DownloadRefused, UploadTerms};
use crate::error::{Context, Result};

/// Where the API serves blobs.
const ROOT: &str = "/files/";

/// Mints and checks download URLs: `{public_url}/files/{bucket}/{path}?expires={unix seconds}&signature={hex}`.
#[derive(Clone)]
pub(super) struct Signer {
    mac: Hmac<Sha256>,
    public_url: String,
}

impl Signer {
    pub(super) fn new(key: &[u8], public_url: &str) -> Result<Self> {
        let mac = Hmac::new_from_slice(key).context("the signing key cannot be used")?;
        Ok(Self { mac, public_url: public_url.trim_end_matches('/').to_owned() })
    }

    pub(super) fn sign(&self, key: BlobKey, ttl: Duration) -> String {
        // Rounded down, so that no URL lives longer than was asked for.
        let ttl = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
        let expires = Timestamp::now().as_second().saturating_add(ttl);
        let path = format!("{ROOT}{}/{}", bucket_name(key.bucket()), key.path());
        let signature = hex(&self.mac(&path, expires).finalize().into_bytes());
        format!("{}{path}?expires={expires}&signature={signature}", self.public_url)
    }

    /// What the URLs of all blobs of a bucket have in common.
    pub(super) fn links_begin_with(&self, bucket: Bucket) -> String {
        format!("{}{ROOT}{}/", self.public_url, bucket_name(bucket))
    }

    /// Checks a request for `path` with `query`. The signature is looked at before the expiry, so that only those who
    /// were given a URL learn that it has expired.
    pub(super) fn verify(&self, path: &str, query: &str) -> Result<BlobKey, DownloadRefused> {
        let read = || {
            let [expires, signature] = parameters(query, ["expires", "signature"])?;
            Some((expires.parse().ok()?, unhex(signature)?))
        };
        let (expires, signature) = read().ok_or(DownloadRefused::BadSignature)?;
        // Compares in constant time.
        self.mac(path, expires).verify_slice(&signature).map_err(|_| DownloadRefused::BadSignature)?;
        if expires <= Timestamp::now().as_second() {
            return Err(DownloadRefused::Expired);
        }
        key(path).ok_or(DownloadRefused::BadSignature)
    }

    /// A link that takes one photo of this type and size.
    pub(super) fn sign_upload(&self, terms: &UploadTerms, ttl: Duration) -> String {
        let ttl = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
        let expires = Timestamp::now().as_second().saturating_add(ttl);
        let UploadTerms { key, content_type, bytes } = terms;
        let path = format!("{ROOT}{}/{}", bucket_name(key.bucket()), key.path());
        let signature = hex(&self.upload_mac(&path, expires, *bytes, content_type).finalize().into_bytes());
        let url = &self.public_url;
        format!("{url}{path}?expires={expires}&bytes={bytes}&type={content_type}&signature={signature}")
    }

    /// Checks a request to put something at `path`, as [`Signer::verify`] does.
    pub(super) fn verify_upload(&self, path: &str, query: &str) -> Result<UploadTerms, DownloadRefused> {
        let read = || {
            let [expires, bytes, content_type, signature] =
                parameters(query, ["expires", "bytes", "type", "signature"])?;
            Some((expires.parse().ok()?, bytes.parse().ok()?, content_type, unhex(signature)?))
        };
        let (expires, bytes, content_type, signature) = read().ok_or(DownloadRefused::BadSignature)?;
        let mac = self.upload_mac(path, expires, bytes, content_type);
        mac.verify_slice(&signature).map_err(|_| DownloadRefused::BadSignature)?;
        if expires <= Timestamp::now().as_second() {
            return Err(DownloadRefused::Expired);
        }
        let key = key(path).ok_or(DownloadRefused::BadSignature)?;
        Ok(UploadTerms { key, content_type: content_type.to_owned(), bytes })
    }

    /// No part can hold a line break, as none that a request line holds can, so each text stands for one link alone. The
    /// verb tells it from a download's.
    fn upload_mac(&self, path: &str, expires: i64, bytes: u64, content_type: &str) -> Hmac<Sha256> {
        self.mac.clone().chain_update(format!("PUT\n{expires}\n{bytes}\n{content_type}\n{path}"))
    }

    fn mac(&self, path: &str, expires: i64) -> Hmac<Sha256> {
        // The expiry has no newline and comes first, so no other pair of path and expiry gives the same text.
        self.mac.clone().chain_update(format!("GET\n{expires}\n{path}"))
    }
}

fn key(path: &str) -> Option<BlobKey> {
    let (bucket, path) = path.strip_prefix(ROOT)?.split_once('/')?;
    let bucket = [Bucket::Originals, Bucket::Outputs].into_iter().find(|b| bucket_name(*b) == bucket)?;
    BlobKey::parse(bucket, path)
}

/// The values of these parameters, each given exactly once; others (a shop's tracking tags, say) are passed over.
fn parameters<'a, const N: usize>(query: &'a str, names: [&str; N]) -> Option<[&'a str; N]> {
    let mut values = [None; N];
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let Some(at) = names.iter().position(|wanted| *wanted == name) else { continue };
        if values[at].replace(value).is_some() {
            return None;
        }
    }
    values.iter().all(Option::is_some).then(|| values.map(Option::unwrap_or_default))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: &u8| char::from(*c).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
            _ => None,
        })
        .collect()
}
