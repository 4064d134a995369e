use axum::http::{HeaderMap, header};

/// Ours have 85 characters; Google's tokens have some 800.
const LONGEST: usize = 8 * 1024;

/// What Cloud Run puts in the place of the signature of a token that it has checked itself. Anybody can write that where
/// Cloud Run lets everybody in, so it proves nothing to us.
const REMOVED_SIGNATURE: &str = ".SIGNATURE_REMOVED_BY_GOOGLE";

/// What a request brings to show who sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials<'a> {
    /// Nothing, or nothing that is for us.
    None,
    /// A key, or what somebody takes for one.
    Key(&'a str),
    /// A signed token in three parts.
    Token(&'a str),
}

impl Credentials<'_> {
    /// Whether there is anything to be judged.
    pub(super) fn is_something(self) -> bool {
        self != Self::None
    }
}

/// The header is none that anybody means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads the `Authorization` header.
pub(super) fn credentials(headers: &HeaderMap) -> Result<Credentials<'_>, Malformed> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(Credentials::None) };
    // Of two, a proxy in front might have judged the other one.
    if values.next().is_some() || value.len() > LONGEST {
        return Err(Malformed);
    }
    // Visible ASCII and spaces; a key or a token has no others.
    let value = value.to_str().map_err(|_| Malformed)?.trim();
    let (scheme, text) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Credentials::None);
    }
    let text = text.trim();
    if text.is_empty() || text.contains([' ', '\t', ',']) {
        return Err(Malformed);
    }
    if text.ends_with(REMOVED_SIGNATURE) {
        return Ok(Credentials::None);
    }
    Ok(if text.split('.').count() == 3 { Credentials::Token(text) } else { Credentials::Key(text) })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value).unwrap());
        values.map(|value| (header::AUTHORIZATION, value)).collect()
    }

    #[test]
    fn a_bearer_is_a_key_or_a_token_and_others_are_not_for_us() {
        for (value, expected) in [
            ("Bearer hs_k_1_2", Credentials::Key("hs_k_1_2")),
            ("bearer  hs_k_1_2 ", Credentials::Key("hs_k_1_2")),
            ("BEARER a.b.c", Credentials::Token("a.b.c")),
            ("Bearer a.b.SIGNATURE_REMOVED_BY_GOOGLE", Credentials::None),
            ("Bearer a.b", Credentials::Key("a.b")),
            ("Basic cGF0Om8=", Credentials::None),
            ("", Credentials::None),
        ] {
            assert_eq!(credentials(&headers(&[value.as_bytes()])), Ok(expected), "{value}");
        }
        assert_eq!(credentials(&HeaderMap::new()), Ok(Credentials::None));
    }

    #[test]
    fn what_nobody_means_is_malformed() {
        let long = format!("Bearer {}", "x".repeat(LONGEST));
        for value in ["Bearer", "Bearer  ", "Bearer a b", "Bearer a,b", "Bearer \u{e4}", &long] {
            assert_eq!(credentials(&headers(&[value.as_bytes()])), Err(Malformed), "{value}");
        }
        assert_eq!(credentials(&headers(&[b"Bearer \xff\xfe"])), Err(Malformed));
        assert_eq!(credentials(&headers(&[b"Bearer a", b"Bearer a"])), Err(Malformed));
    }
}
