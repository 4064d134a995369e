//! One parameter of a header's value, such as the boundary of a form or the name of a field.
//!
//! Strict parsers refuse what clients send and other servers take: blanks before the semicolon (allowed by
//! RFC 9110 § 5.6.6), a boundary with `=`, `/`, `:` or `?` that stands without quotes, a file name in which
//! `name` occurs.

use percent_encoding::percent_decode_str;

/// The value of the first parameter called `name`, without its quotes; `None` when there is none.
pub(crate) fn parameter(header: &str, name: &str) -> Option<String> {
    let (_, mut rest) = header.split_once(';')?;
    while let Some((key, value)) = rest.split_once('=') {
        // Parameters without a value may stand before this one.
        let key = key.rsplit(';').next().unwrap_or(key).trim();
        let (value, behind) = match value.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let (value, behind) = value.split_once(';').unwrap_or((value, ""));
                (value.trim().to_owned(), behind)
            }
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = behind;
    }
    None
}

/// Decodes a value in the extended notation of RFC 8187, such as `UTF-8''r%C3%A9x.jpg`. `None` for any other
/// notation or character set.
pub(crate) fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, text) = rest.split_once('\'')?;
    let text = percent_decode_str(text);
    if charset.eq_ignore_ascii_case("utf-8") {
        Some(text.decode_utf8_lossy().into_owned())
    } else {
        charset.eq_ignore_ascii_case("iso-8859-1").then(|| text.map(char::from).collect())
    }
}

/// What stands before the closing quote, and what follows the next semicolon. Only quotes and backslashes are
/// escaped: some clients send a Windows path as it is.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' if chars.as_str().starts_with(['"', '\\']) => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    (value, chars.as_str().split_once(';').map_or("", |(_, behind)| behind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn boundaries_are_read_as_clients_write_them() {
        for (header, boundary) in [
            ("multipart/form-data; boundary=XB", "XB"),
            ("multipart/form-data ; boundary=XB", "XB"),
            ("multipart/form-data;BOUNDARY = XB ; charset=utf-8", "XB"),
            ("multipart/form-data; charset=utf-8; boundary=\"a b;c\"", "a b;c"),
            ("multipart/form-data; boundary==_Part_1=", "=_Part_1="),
            ("multipart/form-data; boundary=a/b:c?d=e", "a/b:c?d=e"),
            ("multipart/form-data; x; boundary=XB", "XB"),
            ("multipart/form-data; x=\"; boundary=no\"; boundary=XB", "XB"),
            ("multipart/form-data; boundary=", ""),
        ] {
            assert_eq!(parameter(header, "boundary").as_deref(), Some(boundary), "{header}");
        }
        for header in
            ["", "multipart/form-data", "multipart/form-data; boundary", "boundary=XB", "x; aboundary=XB"]
        {
            assert_eq!(parameter(header, "boundary"), None, "{header}");
        }
    }

    #[test]
    fn a_file_name_does_not_hide_the_fields_name() {
        for (header, file) in [
            (r#"form-data; filename="my name.jpg"; name="file""#, "my name.jpg"),
            (r#"form-data; filename="a; name=b.jpg"; name="file""#, "a; name=b.jpg"),
            (r#"form-data; name=file; filename=my dog.jpg"#, "my dog.jpg"),
            (r#"form-data; name="file"; filename="a \"good\" dog.jpg""#, "a \"good\" dog.jpg"),
            (r#"form-data; name="file"; filename="a "good" dog.jpg""#, "a "),
            (r#"form-data; name="file"; filename="C:\fakepath\dog.jpg""#, r"C:\fakepath\dog.jpg"),
            (r#"form-data; name="file"; filename="dog.jpg"#, "dog.jpg"),
            (r#"form-data; filename*=UTF-8''x; name="file"; filename="""#, ""),
        ] {
            assert_eq!(parameter(header, "name").as_deref(), Some("file"), "{header}");
            assert_eq!(parameter(header, "filename").as_deref(), Some(file), "{header}");
        }
    }

    #[test]
    fn names_in_the_extended_notation_are_read() {
        for (value, name) in [
            ("UTF-8''r%C3%A9x.jpg", Some("réx.jpg")),
            ("utf-8'fr'%E2%82%AC%20dog.jpg", Some("€ dog.jpg")),
            ("ISO-8859-1''r%E9x.jpg", Some("réx.jpg")),
            ("utf-8''%ff%.jpg", Some("\u{fffd}%.jpg")),
            ("koi8-r''%c1.jpg", None),
            ("dog.jpg", None),
        ] {
            assert_eq!(extended(value).as_deref(), name, "{value}");
        }
    }

    proptest! {
        #[test]
        fn what_is_quoted_as_the_rfc_says_reads_back(value in ".{0,40}", other in ".{0,40}") {
            let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            let header = format!("form-data; filename={}; name={}", quoted(&other), quoted(&value));
            prop_assert_eq!(parameter(&header, "name"), Some(value));
            prop_assert_eq!(parameter(&header, "filename"), Some(other));
        }

        #[test]
        fn nothing_is_made_up(header in "[;=\"\\\\ a-z é]{0,60}") {
            if let Some(value) = parameter(&header, "name") {
                prop_assert!(value.len() <= header.len());
            }
        }
    }
}
