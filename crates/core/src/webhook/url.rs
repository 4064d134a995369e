use std::fmt;

use url::{Host, Url};

use super::is_public;

/// The address of a shop's own server that webhooks go to: `https`, no user name, no fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

/// Which servers webhooks may go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Those on the public internet, over TLS, on the ports 443 and 8443.
    #[default]
    Public,
    /// Any, also without TLS and on this machine: for development and tests.
    Anywhere,
}

/// Why a URL cannot be a webhook's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum InvalidWebhookUrl {
    #[error("A webhook URL is {} characters long at most.", WebhookUrl::LONGEST)]
    TooLong,
    #[error("This is not a URL: it must look like https://shop.example/hooks, without blanks.")]
    NotAUrl,
    #[error("A webhook URL must begin with https://.")]
    NotHttps,
    #[error("A webhook URL must not hold a user name or a password.")]
    Credentials,
    #[error("A webhook URL must not have a fragment, which is the part after #.")]
    Fragment,
    #[error("Webhooks are sent to the ports 443 and 8443 alone.")]
    Port,
    #[error(
        "Webhooks are sent to servers on the public internet alone, and this name or address is not there."
    )]
    NotPublic,
}

impl WebhookUrl {
    /// The longest that is taken, in characters, as it is written and in its one form.
    pub const LONGEST: usize = 500;

    const PORTS: [u16; 2] = [443, 8443];

    /// Reads a URL as the WHATWG has it, so that an address in any spelling (`0x7f.1`, `2130706433`) is known for what it
    /// is. Names are only looked up when something is sent.
    ///
    /// # Errors
    /// It cannot be a webhook's.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, InvalidWebhookUrl> {
        if text.chars().count() > Self::LONGEST {
            return Err(InvalidWebhookUrl::TooLong);
        }
        // The URL standard has tabs and line breaks removed in silence; who sends them means harm or has made a mistake.
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(InvalidWebhookUrl::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| InvalidWebhookUrl::NotAUrl)?;
        match (url.scheme(), reach) {
            ("https", _) | ("http", Reach::Anywhere) => {}
            _ => return Err(InvalidWebhookUrl::NotHttps),
        }
        // In its one form too, in which a character outside of ASCII is six or more: what is kept must be read again.
        if url.as_str().len() > Self::LONGEST {
            return Err(InvalidWebhookUrl::TooLong);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidWebhookUrl::Credentials);
        }
        if url.fragment().is_some() {
            return Err(InvalidWebhookUrl::Fragment);
        }
        let public = match url.host() {
            None => return Err(InvalidWebhookUrl::NotAUrl),
            Some(Host::Ipv4(address)) => is_public(address.into()),
            Some(Host::Ipv6(address)) => is_public(address.into()),
            Some(Host::Domain(name)) => may_be_public(name),
        };
        let url = Self(url);
        if reach == Reach::Public {
            if !public {
                return Err(InvalidWebhookUrl::NotPublic);
            }
            if !Self::PORTS.contains(&url.port()) {
                return Err(InvalidWebhookUrl::Port);
            }
        }
        Ok(url)
    }

    /// The one form of it: ASCII, without blanks or control characters.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether TLS is spoken.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The name or address of the server: a name in lower case and Punycode, an IPv6 address without brackets.
    pub fn host(&self) -> String {
        match self.0.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => String::new(),
        }
    }

    /// What the header `Host` says: an IPv6 address in brackets, the port unless it is the usual one.
    pub fn authority(&self) -> &str {
        self.0.authority()
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// Path and query, as a request names them.
    pub fn path_and_query(&self) -> String {
        match self.0.query() {
            Some(query) => format!("{}?{query}", self.0.path()),
            None => self.0.path().to_owned(),
        }
    }
}

/// A path or a query may hold a shop's token: neither is for logs.
impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({}://{}/…)", self.0.scheme(), self.0.authority())
    }
}

/// Whether a name could be found on the internet at all. What it stands for is looked at when something is sent.
fn may_be_public(name: &str) -> bool {
    const LOCAL: [&str; 6] = ["localhost", "local", "internal", "lan", "home", "test"];
    let name = name.strip_suffix('.').unwrap_or(name);
    name.rsplit_once('.').is_some_and(|(rest, last)| !rest.is_empty() && !LOCAL.contains(&last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use InvalidWebhookUrl as No;

    fn public(text: &str) -> Result<String, No> {
        WebhookUrl::parse(text, Reach::Public).map(|url| url.as_str().to_owned())
    }

    #[test]
    fn ordinary_urls_are_taken_in_their_one_form() {
        for (text, form) in [
            ("https://shop.example", "https://shop.example/"),
            ("HTTPS://Shop.Example:443/Hooks?shop=1", "https://shop.example/Hooks?shop=1"),
            ("https://hooks.shop.example:8443/a/../b", "https://hooks.shop.example:8443/b"),
            ("https://bücher.example/für", "https://xn--bcher-kva.example/f%C3%BCr"),
            ("https://8.8.8.8/x", "https://8.8.8.8/x"),
            ("https://[2606:4700:4700::1111]/x", "https://[2606:4700:4700::1111]/x"),
        ] {
            assert_eq!(public(text).as_deref(), Ok(form), "{text}");
            assert_eq!(public(form).as_deref(), Ok(form), "it is its own one form");
        }
    }

    #[test]
    fn what_cannot_be_a_webhooks_url_is_refused_with_a_sentence() {
        let long = format!("https://shop.example/{}", "x".repeat(500));
        let encoded = format!("https://shop.example/{}", "ü".repeat(100));
        for (text, why) in [
            ("", No::NotAUrl),
            ("shop.example/hooks", No::NotAUrl),
            ("https://", No::NotAUrl),
            ("https:///", No::NotAUrl),
            ("https://shop.example/a b", No::NotAUrl),
            ("https://shop.example/\r\nX-Evil: 1", No::NotAUrl),
            ("https://shop.ex\tample/", No::NotAUrl),
            ("https://shop.example/\u{2028}", No::NotAUrl),
            (" https://shop.example/", No::NotAUrl),
            ("https://shop.example:99999/", No::NotAUrl),
            ("https://sh\0op.example/", No::NotAUrl),
            ("https://sh%0d%0aop.example/", No::NotAUrl),
            ("http://shop.example/", No::NotHttps),
            ("ftp://shop.example/", No::NotHttps),
            ("file:///etc/passwd", No::NotHttps),
            ("javascript:alert(1)", No::NotHttps),
            ("gopher://127.0.0.1:6379/_FLUSHALL", No::NotHttps),
            ("https://me@shop.example/", No::Credentials),
            ("https://me:secret@shop.example/", No::Credentials),
            ("https://shop.example@127.0.0.1/", No::Credentials),
            ("https://shop.example/#here", No::Fragment),
            ("https://shop.example:22/", No::Port),
            ("https://shop.example:80/", No::Port),
            (long.as_str(), No::TooLong),
            (encoded.as_str(), No::TooLong),
        ] {
            assert_eq!(public(text), Err(why), "{text}");
            assert!(why.to_string().len() > 30);
        }
    }

    #[test]
    fn private_addresses_are_refused_however_they_are_written() {
        for text in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://0/",
            "https://127.0.0.1./",
            "https://１２７.0.0.1/",
            "https://①②⑦.0.0.1/",
            "https://127。0。0。1/",
            "https://169.254.169.254/computeMetadata/v1/",
            "https://0xa9fea9fe/",
            "https://10.0.0.1:8443/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fd00:ec2::254]/",
            "https://[64:ff9b::a00:1]/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://metadata.google.internal/",
            "https://metadata/",
            "https://printer.local/",
            "https://./",
        ] {
            assert!(matches!(public(text), Err(No::NotPublic | No::NotAUrl)), "{text}: {:?}", public(text));
        }
    }

    #[test]
    fn development_may_go_anywhere_but_not_anyhow() {
        let anywhere = |text| WebhookUrl::parse(text, Reach::Anywhere);
        let url = anywhere("http://localhost:9000/x?y=1").unwrap();
        assert_eq!((url.host().as_str(), url.port(), url.authority()), ("localhost", 9000, "localhost:9000"));
        assert_eq!((url.path_and_query().as_str(), url.is_https()), ("/x?y=1", false));
        assert_eq!(anywhere("http://[::1]:9000/").unwrap().host(), "::1");
        assert_eq!(anywhere("http://[::1]:9000/").unwrap().authority(), "[::1]:9000");
        assert_eq!(anywhere("file:///etc/passwd"), Err(No::NotHttps));
        assert_eq!(anywhere("http://me@localhost/"), Err(No::Credentials));
    }

    #[test]
    fn what_may_be_a_token_is_not_shown_in_logs() {
        let url = WebhookUrl::parse("https://shop.example/T0KEN?key=T0KEN", Reach::Public).unwrap();
        assert!(!format!("{url:?}").contains("T0KEN"), "{url:?}");
    }
}
