//! The page at `/` as it goes over the wire: who gets it, what it may do, and how long any of it is kept.

use crate::support::{Answer, TestApp};

/// As Chromium and Firefox send it.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

async fn page(app: &TestApp) -> Answer {
    let answer = app.get_with("/", &[("accept", BROWSER)]).await;
    assert_eq!(answer.status, 200);
    answer
}

/// The address of the asset whose file is called `stem.….extension`.
fn asset(html: &str, stem: &str, extension: &str) -> String {
    let named = |text: &&str| text.starts_with(&format!("assets/{stem}.")) && text.ends_with(extension);
    format!("/{}", html.split('"').find(named).unwrap_or_else(|| panic!("no {stem}.{extension} in {html}")))
}

#[tokio::test]
async fn browsers_get_the_page_and_programs_the_document() {
    let app = TestApp::start().await;
    let page = page(&app).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.body.starts_with(b"<!doctype html>"));
    for accept in ["*/*", "application/json", "application/json, text/html;q=0.5"] {
        let document = app.get_with("/", &[("accept", accept)]).await;
        assert_eq!(document.json()["service"], "headshot-api", "{accept}");
        assert!(document.header("vary").contains("accept"));
    }
    assert!(page.header("vary").contains("accept"), "a cache would mix the two up");
}

#[tokio::test]
async fn the_page_may_load_its_own_files_and_pictures_from_where_links_lead_and_nothing_else() {
    let app = TestApp::start_with(&["--public-url", "https://pets.example/studio"]).await;
    let page = page(&app).await;
    let policy = page.header("content-security-policy");
    for directive in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: https://pets.example/studio/files/outputs/",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(policy.split(';').any(|part| part.trim() == directive), "{directive} is missing in {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert!(page.header("permissions-policy").contains("camera=()"));
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_the_page_is_asked_for_each_time() {
    let app = TestApp::start().await;
    let page = page(&app).await;
    assert_eq!(page.header("cache-control"), "no-cache");
    let tag = page.header("etag");
    let again = app.get_with("/", &[("accept", BROWSER), ("if-none-match", tag)]).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), tag);
    assert!(!again.header("content-security-policy").is_empty());

    let html = String::from_utf8(page.body.to_vec()).unwrap();
    let files = [
        ("icon", "svg", "image/svg+xml"),
        ("room", "css", "text/css; charset=utf-8"),
        ("caption", "css", "text/css; charset=utf-8"),
        ("page", "js", "text/javascript; charset=utf-8"),
    ];
    for (stem, extension, content_type) in files {
        let path = asset(&html, stem, extension);
        let file = app.get(&path).await;
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(file.header("content-type"), content_type);
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
    }
    let script = app.get(&asset(&html, "page", "js")).await;
    let script = String::from_utf8(script.body.to_vec()).unwrap();
    let imported = script.split('\'').find(|text| text.starts_with("./service.")).unwrap();
    assert_eq!(app.get(&imported.replacen("./", "/assets/", 1)).await.status, 200, "{imported}");
}

#[tokio::test]
async fn names_of_other_versions_and_paths_that_climb_find_nothing() {
    let app = TestApp::start().await;
    let strangers = [
        "/assets/page.0000000000000000.js",
        "/assets/page.js",
        "/assets/",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/../page.rs",
        "/assets/%00",
    ];
    for path in strangers {
        app.get(path).await.assert_problem(404, "no_such_route");
    }
}

#[tokio::test]
async fn the_page_knows_the_largest_photo_that_is_taken() {
    let app = TestApp::start_with(&["--max-upload-bytes", "12345"]).await;
    let page = page(&app).await;
    let html = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(html.contains("data-max-upload-bytes=\"12345\""), "{html}");
}
