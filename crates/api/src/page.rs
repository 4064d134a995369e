//! `GET /` for people: the page, its style sheets and its scripts, all of them part of this program.
//!
//! The files are `page/`; nothing is built, and nothing is fetched from elsewhere. Each asset's name carries a hash of
//! what it holds, so browsers keep it for ever and never mix two versions; the page itself they ask for each time.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::http::accept;
use crate::jobs::view;
use crate::openapi::{parameters, problems};
use crate::state::App;
use crate::{health, sha256};

/// What the page consists of, ready to be sent.
pub(crate) struct Page {
    html: Bytes,
    etag: HeaderValue,
    policy: HeaderValue,
    assets: Vec<Asset>,
}

struct Asset {
    /// The name in its address, with the hash.
    name: String,
    content_type: &'static str,
    bytes: Bytes,
}

const HTML: &str = include_str!("page/index.html");
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What is imported comes before what imports it.
const FILES: [(&str, &str, &str); 5] = [
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("room.css", STYLE, include_str!("page/room.css")),
    ("caption.css", STYLE, include_str!("page/caption.css")),
    ("service.js", SCRIPT, include_str!("page/service.js")),
    ("page.js", SCRIPT, include_str!("page/page.js")),
];

/// Nothing here needs any of these; whoever managed to inject something shall not have them either.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

impl Page {
    /// The page of a service that takes photos of so many bytes, and whose links to pictures begin with `links`.
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

    fn show(&self, headers: &HeaderMap) -> Response {
        let known = self.etag.to_str().is_ok_and(|etag| view::is_known(headers, etag));
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

/// `GET /`: the page for a browser, a word about the service for a program.
#[utoipa::path(
    get,
    path = "/",
    tag = "service",
    operation_id = "index",
    summary = "A word about the service, or its page",
    description = "Browsers, which ask for `text/html`, get a page for customers.",
    params(parameters::IfNoneMatch),
    responses(
        (status = 200, description = "JSON, unless `Accept` prefers HTML.",
         content((health::Word = "application/json"), (String = "text/html")),
         headers(("Vary" = String, description = "accept"))),
        (status = 304, description = "The browser has the page."),
        problems::Internal,
    ),
)]
pub(crate) async fn index(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let mut response =
        if accept::prefers_html(&headers) { app.page.show(&headers) } else { health::index().await };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// `GET /assets/{name}`. A name of another version is not found rather than answered with this version's bytes, which a
/// browser would keep under that name for a year.
#[utoipa::path(
    get,
    path = "/assets/{name}",
    tag = "service",
    operation_id = "asset",
    summary = "What the page consists of",
    params(("name" = String, Path, description = "As the page names it; another version's are not found.")),
    responses(
        (status = 200, description = "The file, which may be kept for ever.",
         content((String = "text/css"), (String = "text/javascript"), (String = "image/svg+xml")),
         headers(("Cache-Control" = String, description = "public, max-age=31536000, immutable"))),
        problems::Missing,
    ),
)]
pub(crate) async fn asset(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let asset = app.page.assets.iter().find(|asset| asset.name == name).ok_or(ApiError::NoSuchRoute)?;
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, asset.bytes.clone()).into_response())
}

/// Everything from here, pictures also from where links lead, and nothing written into the page itself. Strings cannot
/// become markup either: the page assigns none, and browsers that know Trusted Types refuse it.
fn policy(links: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:{}; connect-src 'self'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'",
        source(links).map(|source| format!(" {source}")).unwrap_or_default()
    )
}

/// `links` as a source of the policy. `None`: it cannot be written as one, as an IPv6 address cannot, and then only the
/// pictures of this server are shown.
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
