use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A secret that a tenant shares with us, `whsec_` and base64: what its webhooks are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

/// The text is not a webhook secret. What it was is not said: it may be one with a slip of the pen in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidWebhookSecret;

impl WebhookSecret {
    const PREFIX: &str = "whsec_";

    /// The lengths that the specification allows, in bytes.
    const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

    /// One signature of a message in the form of the header `webhook-signature`: `v1,` and the HMAC-SHA-256 of
    /// `{id}.{seconds since 1970}.{body}` in base64.
    pub fn sign(&self, message_id: &str, at_second: i64, body: &[u8]) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { unreachable!("any key will do") };
        mac.update(format!("{message_id}.{at_second}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl FromStr for WebhookSecret {
    type Err = InvalidWebhookSecret;

    fn from_str(text: &str) -> Result<Self, InvalidWebhookSecret> {
        let encoded = text.strip_prefix(Self::PREFIX).ok_or(InvalidWebhookSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| InvalidWebhookSecret)?;
        if Self::LENGTHS.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(InvalidWebhookSecret) }
    }
}

impl fmt::Display for InvalidWebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a webhook secret is whsec_ and the base64 of 24 to 64 random bytes")
    }
}

impl std::error::Error for InvalidWebhookSecret {}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector with which the specification's own libraries test themselves.
    #[test]
    fn a_signature_is_the_one_that_the_specifications_libraries_make() {
        let secret: WebhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let signature =
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
    }

    #[test]
    fn a_secret_has_its_prefix_and_its_length() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for bytes in [24, 32, 64] {
            assert!(of(bytes).parse::<WebhookSecret>().is_ok(), "{bytes}");
        }
        let bare = STANDARD.encode([7; 32]);
        for text in ["", "whsec_", "whsec_?", &of(23), &of(65), &bare, &format!("{} ", of(24))] {
            assert_eq!(text.parse::<WebhookSecret>(), Err(InvalidWebhookSecret), "{text}");
        }
    }
}
