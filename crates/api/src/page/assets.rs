//! What the page consists of, with a hash in the name of each asset.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::http::etag;
use crate::sha256;

/// What the page consists of, ready to be sent.
pub(crate) struct Page {
    html: Bytes,
    etag: HeaderValue,
    policy: HeaderValue,
    pub(super) assets: Vec<Asset>,
}

pub(super) struct Asset {
    /// The name in its address, with the hash.
    pub(super) name: String,
    pub(super) content_type: &'static str,
    pub(super) bytes: Bytes,
}

const HTML: &str = include_str!("index.html");
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What is imported comes before what imports it.
const FILES: [(&str, &str, &str); 5] = [
    ("icon.svg", "image/svg+xml", include_str!("icon.svg")),
    ("room.css", STYLE, include_str!("room.css")),
    ("caption.css", STYLE, include_str!("caption.css")),
    ("service.js", SCRIPT, include_str!("service.js")),
    ("page.js", SCRIPT, include_str!("page.js")),
];

/// Nothing here needs any of these; whoever managed to inject something shall not have them either.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

impl Page {
    /// The page of a service that takes photos of so many bytes, and whose links to pictures begin with
    /// `links`.
    pub(crate) fn new(max_upload_bytes: u64, links: &str) -> Self {
        let mut html = HTML.replace("{{max_upload_bytes}}", &max_upload_bytes.to_string());
        let mut assets: Vec<Asset> = Vec::new();
        for (file, content_type, text) in FILES {
            let mut text = text.to_owned();
            for (asset, (imported, ..)) in assets.iter().zip(FILES) {
                text = text.replace(&format!("'./{imported}'"), &format!("'./{}'", asset.name));
            }
            let name = hashed(file, &text);
            html = html.replace(&format!("{{{{{file}}}}}"), &format!("assets/{name}"));
            assets.push(Asset { name, content_type, bytes: text.into() });
        }
        let etag = format!("\"{}\"", fingerprint(&html));
        Self {
            etag: HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\"")),
            policy: HeaderValue::try_from(policy(links))
                .unwrap_or(HeaderValue::from_static("default-src 'none'")),
            html: html.into(),
            assets,
        }
    }

    pub(super) fn show(&self, headers: &HeaderMap) -> Response {
        let known = self.etag.to_str().is_ok_and(|etag| etag::is_known(headers, etag));
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], self.html.clone()).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.etag.clone());
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        for (name, value) in [
            (header::CACHE_CONTROL, "no-cache"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::HeaderName::from_static("permissions-policy"), PERMISSIONS),
            (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Everything from here, pictures also from where links lead, and nothing written into the page itself.
/// Strings cannot become markup either: the page assigns none, and browsers that know Trusted Types refuse
/// it.
fn policy(links: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:{}; connect-src 'self'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'",
        source(links).map(|source| format!(" {source}")).unwrap_or_default()
    )
}

/// `links` as a source of the policy. `None`: it cannot be written as one, as an IPv6 address cannot, and
/// then only the pictures of this server are shown.
fn source(links: &str) -> Option<&str> {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~/:%".contains(&c);
    let web = links.starts_with("https://") || links.starts_with("http://");
    (web && links.bytes().all(plain)).then_some(links)
}

/// `page.js` as `page.0123456789abcdef.js`.
fn hashed(file: &str, text: &str) -> String {
    let (stem, extension) = file.split_once('.').unwrap_or((file, ""));
    format!("{stem}.{}.{extension}", fingerprint(text))
}

fn fingerprint(text: &str) -> String {
    let mut digest = sha256::hex(Sha256::new_with_prefix(text));
    digest.truncate(16);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_named_by_what_it_holds_and_nothing_is_left_to_fill_in() {
        let page = Page::new(50_000_000, "https://storage.googleapis.com/outputs/");
        let html = String::from_utf8(page.html.to_vec()).unwrap();
        assert!(!html.contains("{{"), "{html}");
        assert!(html.contains("data-max-upload-bytes=\"50000000\""));
        for asset in &page.assets {
            let text = std::str::from_utf8(&asset.bytes).unwrap();
            assert!(asset.name.contains(&fingerprint(text)), "{}", asset.name);
            let imported = page.assets.iter().any(|other| {
                std::str::from_utf8(&other.bytes).unwrap().contains(&format!("'./{}'", asset.name))
            });
            assert!(
                imported || html.contains(&format!("\"assets/{}\"", asset.name)),
                "{} is unused",
                asset.name
            );
        }
        assert_ne!(page.etag, Page::new(1, "https://storage.googleapis.com/outputs/").etag);
    }

    #[test]
    fn pictures_may_come_from_where_links_lead_and_from_nowhere_else() {
        let policy = policy("https://storage.googleapis.com/outputs/");
        assert!(policy.contains("img-src 'self' blob: https://storage.googleapis.com/outputs/;"), "{policy}");
        for odd in ["http://[::1]:8080/files/", "https://a;script-src *", "https://a b", "data:", ""] {
            assert!(super::policy(odd).contains("img-src 'self' blob:; "), "{odd}");
        }
    }

    #[test]
    fn nothing_is_written_into_the_page_that_the_policy_forbids() {
        for forbidden in ["style=", "<style", "onclick=", "onload=", "javascript:", "http://", "https://"] {
            assert!(!HTML.contains(forbidden), "{forbidden}");
        }
    }
}
