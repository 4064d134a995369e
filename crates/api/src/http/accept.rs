//! What a client would rather have, as its `Accept` header says.

use axum::http::{HeaderMap, header};

/// Whether an answer should be a page for people. Only who names HTML, as browsers do, gets it: a bare `*/*`, which most
/// programs send, or no header at all asks for JSON.
pub(crate) fn prefers_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (mut html, mut json) = (0.0, 0.0);
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let wanted = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "text/html" => &mut html,
            "application/json" => &mut json,
            _ => continue,
        };
        *wanted = f32::max(*wanted, quality(parts));
    }
    html > 0.0 && html >= json
}

/// The `q` among a range's parameters. What cannot be read counts for nothing.
fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> f32 {
    let q = parameters.find_map(|parameter| parameter.strip_prefix("q=").or(parameter.strip_prefix("Q=")));
    let quality = q.map_or(Some(1.0), |q| q.trim().parse().ok());
    quality.filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asked(accept: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        prefers_html(&headers)
    }

    #[test]
    fn browsers_get_the_page_and_programs_the_document() {
        assert!(asked("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"));
        assert!(asked("TEXT/HTML") && asked("application/json;q=0.5, text/html; level=1; q=0.7"));
        for program in ["*/*", "application/json", "application/json, text/plain, */*", "text/*", ""] {
            assert!(!asked(program), "{program}");
        }
        assert!(!asked("application/json, text/html;q=0.9") && !asked("text/html;q=0"));
        assert!(!asked("text/html;q=banana") && !asked("text/html;q=-1") && !asked("text/html;q=nan"));
        assert!(!prefers_html(&HeaderMap::new()));
    }
}
