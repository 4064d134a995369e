//! A request's query string, all of it or an error.

use axum::extract::FromRequestParts;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::request::Parts;

use crate::error::problem::Problem;

/// Names and values in their order. What does not decode to UTF-8 is refused: the usual decoder puts U+FFFD in its place, and two
/// orders whose numbers differ there would become one.
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

/// The query string is not one.
pub(crate) struct MalformedQuery;

impl From<MalformedQuery> for Problem {
    fn from(_: MalformedQuery) -> Self {
        Self::bad_request("malformed_query", "The query string could not be read.")
    }
}

/// As handlers take it: some have a body to look at first.
pub(crate) type RawQuery = Result<Pairs, Problem>;

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if !decodes(parts.uri.query().unwrap_or_default()) {
            return Err(MalformedQuery.into());
        }
        let pairs = Query::from_request_parts(parts, state).await;
        pairs.map(|Query(pairs)| Self(pairs)).map_err(|_: QueryRejection| MalformedQuery.into())
    }
}

/// Whether each `%` begins two hexadecimal digits and all of it is UTF-8 once decoded.
fn decodes(query: &str) -> bool {
    let hex =
        |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).map(|digit| digit as u8);
    let (mut decoded, mut rest) = (Vec::with_capacity(query.len()), query.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            decoded.push(*first);
            continue;
        }
        let (Some(high), Some(low)) = (hex(rest.first()), hex(rest.get(1))) else { return false };
        decoded.push(high << 4 | low);
        rest = rest.get(2..).unwrap_or_default();
    }
    std::str::from_utf8(&decoded).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_what_it_means_decodes() {
        for query in ["", "order_id=%231001", "a=%C3%A4+b", "a=100%25"] {
            assert!(decodes(query), "{query}");
        }
        for query in ["order_id=A%ff", "a=%C3", "a=%", "a=%4", "a=%zz", "a=100%&b=c", "a=%ED%A0%80"] {
            assert!(!decodes(query), "{query}");
        }
    }
}
