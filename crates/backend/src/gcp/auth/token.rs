use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, get_current_timestamp};
use serde::Deserialize;

/// Google's tokens have some 800 characters.
const LONGEST_TOKEN: usize = 8192;

const LONGEST_KEY_ID: usize = 200;

/// How far two clocks may differ.
const LEEWAY_SECONDS: u64 = 30;

/// What Cloud Run puts in the place of the signature of a token that it has checked itself.
const REMOVED_SIGNATURE: &str = ".SIGNATURE_REMOVED_BY_GOOGLE";

/// What a token has to say.
pub(super) struct Expected {
    validation: Validation,
}

/// A token that only its own header vouches for.
pub(super) struct UnverifiedToken<'a> {
    token: &'a str,
    key_id: String,
}

/// As types, so that lists in their place are refused.
#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _issuer: String,
    #[serde(rename = "aud")]
    _audience: String,
    #[serde(rename = "iat")]
    issued_at: u64,
    email: String,
    email_verified: bool,
}

impl Expected {
    pub(super) fn new(audience: &str) -> Self {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&["https://accounts.google.com", "accounts.google.com"]);
        validation.set_audience(&[audience]);
        Self { validation }
    }
}

impl<'a> UnverifiedToken<'a> {
    /// What is no proper token is found out before anybody is asked for a key.
    pub(super) fn read(token: &'a str) -> Result<Self, &'static str> {
        if token.len() > LONGEST_TOKEN {
            return Err("it is too long");
        }
        if token.ends_with(REMOVED_SIGNATURE) {
            return Err(
                "Cloud Run has checked it and removed its signature; the service must admit everybody \
                 (--no-invoker-iam-check), since this program checks tokens itself",
            );
        }
        // An algorithm that is no signature at all, as `none`, has no name here and fails to be read.
        let header = decode_header(token).map_err(|_| "it is not a signed token")?;
        if header.alg != Algorithm::RS256 {
            return Err("it is not signed with RS256");
        }
        let key_id = header.kid.filter(|id| !id.is_empty() && id.len() <= LONGEST_KEY_ID);
        Ok(Self { token, key_id: key_id.ok_or("it does not say which key has signed it")? })
    }

    pub(super) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Whom the token speaks for, if `key` has signed it and it says what is expected.
    pub(super) fn verify(self, key: &DecodingKey, expected: &Expected) -> Result<String, &'static str> {
        let claims: Claims = decode(self.token, key, &expected.validation)
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature => "its signature is wrong",
                ErrorKind::ExpiredSignature => "it has expired",
                ErrorKind::ImmatureSignature => "its time has not come",
                ErrorKind::InvalidIssuer => "its issuer is not Google",
                ErrorKind::InvalidAudience => "its audience is another one",
                _ => "its claims are not those of an ID token of Google's",
            })?
            .claims;
        if claims.issued_at > get_current_timestamp().saturating_add(LEEWAY_SECONDS) {
            return Err("its time has not come");
        }
        if claims.email_verified { Ok(claims.email) } else { Err("its e-mail address is not verified") }
    }
}
