//! The origins of pages, as browsers and the web views of apps name them.

use axum::http::HeaderValue;
use headshot_backend::settings::{Reader, Setting};
use url::Url;

/// Pages of these have no origin of their own, or are no pages.
const NO_PAGES: [&str; 8] = ["about", "blob", "data", "file", "ftp", "javascript", "ws", "wss"];

/// Each of them by itself, so that each that is wrong is named.
pub(super) fn listed(read: &mut Reader, setting: &Setting<String>) -> Vec<HeaderValue> {
    let list = read.optional(setting).unwrap_or_default();
    let listed = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    let checked = listed.filter_map(|listed| {
        let origin = as_browsers_send_it(listed);
        let origin = origin.map_err(|rule| read.refuse(setting.about.name, listed, &rule)).ok()?;
        HeaderValue::from_str(&origin).ok()
    });
    checked.collect()
}

/// The origin in the spelling of the `Origin` header, which is compared letter by letter: scheme, host, and a
/// port that is not the scheme's own. Any scheme will do, because apps choose theirs
/// (`capacitor://localhost`). `Err` says of what could never match how it must be written.
fn as_browsers_send_it(listed: &str) -> Result<String, String> {
    if listed.contains('*') {
        return Err("must name each origin as it is, because * stands for nothing; write each host by itself, such as \
                    https://www.shop.example"
            .into());
    }
    if listed == "null" {
        return Err(
            "must not have null, which any page can send that hides where it is from; give the page an \
                    origin such as https://shop.example"
                .into(),
        );
    }
    if listed.contains(';') {
        return Err("must have commas, not semicolons, between its origins".into());
    }
    if listed.starts_with("file:") {
        return Err("must not have file://, which every file on a device sends; serve the app's pages from an origin of its \
                    own, such as https://localhost or capacitor://localhost"
            .into());
    }
    let parsed = Url::parse(listed).ok().filter(|url| !NO_PAGES.contains(&url.scheme()));
    let Some((url, host)) = parsed.as_ref().and_then(|url| Some((url, url.host_str()?))) else {
        return Err("must be a list of origins such as https://shop.example or capacitor://localhost".into());
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let origin = format!("{}://{}{port}", url.scheme(), host.to_ascii_lowercase());
    let own_port = match url.scheme() {
        "http" => ":80",
        "https" => ":443",
        _ => "",
    };
    if listed == origin || listed.strip_suffix(own_port) == Some(&origin) {
        Ok(origin)
    } else {
        Err(format!(
            "must be a list of origins as browsers send them, in lower case and without a path, a slash at the end or a \
             user; write {origin}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shops_and_the_web_views_of_apps_are_taken_and_default_ports_dropped() {
        for origin in [
            "https://shop.example",
            "http://localhost:9292",
            "https://xn--mller-kva.example",
            "http://[::1]:3000",
            "http://192.168.1.20:8080",
            "capacitor://localhost",
            "ionic://localhost",
            "tauri://localhost",
            "app://pets.example",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        ] {
            assert_eq!(as_browsers_send_it(origin).as_deref(), Ok(origin));
        }
        assert_eq!(as_browsers_send_it("https://shop.example:443").as_deref(), Ok("https://shop.example"));
        assert_eq!(as_browsers_send_it("http://shop.example:80").as_deref(), Ok("http://shop.example"));
        assert_eq!(as_browsers_send_it("http://shop.example:443").as_deref(), Ok("http://shop.example:443"));
    }

    #[test]
    fn what_can_never_match_is_refused_with_what_to_write() {
        for (listed, instead) in [
            ("https://shop.example/", "https://shop.example"),
            ("https://shop.example/cart?x#y", "https://shop.example"),
            ("https://Shop.Example", "https://shop.example"),
            ("HTTPS://shop.example:443", "https://shop.example"),
            ("https://shop.example:", "https://shop.example"),
            ("https://shop.example:0443", "https://shop.example"),
            ("https://me:secret@shop.example:8443", "https://shop.example:8443"),
            ("https://müller.example", "https://xn--mller-kva.example"),
            ("https:shop.example", "https://shop.example"),
            ("Capacitor://localhost/", "capacitor://localhost"),
            ("capacitor://LOCALHOST", "capacitor://localhost"),
        ] {
            let rule = as_browsers_send_it(listed).expect_err(listed);
            assert!(rule.ends_with(&format!("write {instead}")), "{listed}: {rule}");
        }
        for listed in ["*", "https://*.shop.example", "https://shop.example:*"] {
            assert!(
                as_browsers_send_it(listed).expect_err(listed).contains("* stands for nothing"),
                "{listed}"
            );
        }
        let semicolons = as_browsers_send_it("https://a.example;https://b.example").expect_err("a semicolon");
        assert!(semicolons.contains("commas"), "{semicolons}");
        let files = as_browsers_send_it("file://").expect_err("files have no origin");
        assert!(files.contains("capacitor://localhost"), "{files}");
        for listed in [
            "shop.example",
            "localhost:3000",
            "//shop.example",
            "https://",
            "file:///",
            "wss://shop.example",
            "mailto:me@shop.example",
            "null",
            "capacitor://",
            "https://shop .example",
            "https://shop.example:99999",
        ] {
            assert!(as_browsers_send_it(listed).is_err(), "{listed}");
        }
    }
}
