//! Who signs download links.

use bytes::Bytes;
use google_cloud_auth::credentials;
use google_cloud_auth::signer::{Signer, SigningError, SigningProvider};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Context, Result};

/// The signer of this environment. On Google Cloud that is the service account itself, through IAM's signBlob, and no
/// key ever leaves Google; elsewhere the key file that `GOOGLE_APPLICATION_CREDENTIALS` names. Nothing is asked of
/// anybody before the first link.
///
/// # Errors
/// The credentials are of a kind that cannot sign, as a person's own are.
pub(super) fn signer(emulated: bool) -> Result<Signer> {
    if emulated {
        return Ok(Signer::from(EmulatorSigner));
    }
    credentials::Builder::default().build_signer().context("finding credentials that can sign")
}

/// Signs for the emulator, which knows the same key. It is no secret: the emulator has none to keep, and only wants to
/// tell the links that this service made from others.
#[derive(Debug)]
struct EmulatorSigner;

const EMULATOR_KEY: &[u8] = b"headshot storage emulator";

impl SigningProvider for EmulatorSigner {
    async fn client_email(&self) -> Result<String, SigningError> {
        Ok("emulator@headshot.invalid".into())
    }

    async fn sign(&self, content: &[u8]) -> Result<Bytes, SigningError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(EMULATOR_KEY).map_err(SigningError::from_msg)?;
        mac.update(content);
        Ok(Bytes::copy_from_slice(&mac.finalize().into_bytes()))
    }
}
