//! `Prefer: wait=…` and `Prefer: respond-async` (RFC 7240): how long a client wants to wait for its headshot.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};

use crate::limits::LONGEST_WAIT;

/// What a client would like best. What is none of ours, or makes no sense, is passed over, as the RFC has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefer {
    wait: Option<Duration>,
    respond_async: bool,
}

impl Prefer {
    /// Reads the headers. Of a preference that is given twice, the first counts.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| value.split(',')) {
            // Parameters are not asked for by either preference.
            let preference = preference.split(';').next().unwrap_or_default().trim();
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "wait" if prefer.wait.is_none() => prefer.wait = seconds(value),
                "respond-async" if value.is_empty() => prefer.respond_async = true,
                _ => {}
            }
        }
        prefer
    }

    /// How long to wait, where `usual` is what clients get that have no preference.
    pub(crate) fn patience(&self, usual: Duration) -> Duration {
        match self.wait {
            Some(wait) => wait.min(LONGEST_WAIT.max(usual)),
            None if self.respond_async => Duration::ZERO,
            None => usual,
        }
    }

    /// The value of `Preference-Applied`: what made a difference.
    pub(crate) fn applied(&self, usual: Duration, finished: bool) -> Option<HeaderValue> {
        let wait = self.wait.map(|_| format!("wait={}", self.patience(usual).as_secs()));
        let respond_async = (self.respond_async && !finished).then(|| "respond-async".to_owned());
        let applied: Vec<String> = respond_async.into_iter().chain(wait).collect();
        HeaderValue::from_str(&applied.join(", ")).ok().filter(|value| !value.is_empty())
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More than fits is more than we wait.
    digits.then(|| Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_secs(25);

    fn prefer(values: &[&str]) -> Prefer {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", HeaderValue::from_str(value).unwrap());
        }
        Prefer::of(&headers)
    }

    fn applied(values: &[&str], finished: bool) -> Option<String> {
        prefer(values).applied(USUAL, finished).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn preferences_are_read_in_every_form_that_the_rfc_allows() {
        for (values, seconds) in [
            (&["wait=10"][..], 10),
            (&["Wait = \"10\""], 10),
            (&["handling=lenient, wait=10; foo=bar"], 10),
            (&["handling=lenient", "wait=10", "wait=20"], 10),
            (&["respond-async, wait=10"], 10),
            (&["respond-async"], 0),
            (&["wait=0"], 0),
            (&["wait=3600"], 60),
            (&["wait=99999999999999999999"], 60),
            (&["wait=soon"], 25),
            (&["wait=-1"], 25),
            (&["wait"], 25),
            (&["return=minimal"], 25),
            (&[], 25),
        ] {
            assert_eq!(prefer(values).patience(USUAL).as_secs(), seconds, "{values:?}");
        }
        assert_eq!(prefer(&["wait=100"]).patience(Duration::from_secs(300)).as_secs(), 100);
    }

    #[test]
    fn what_was_applied_is_said() {
        assert_eq!(applied(&["wait=90"], false).as_deref(), Some("wait=60"));
        assert_eq!(applied(&["respond-async"], false).as_deref(), Some("respond-async"));
        assert_eq!(applied(&["respond-async, wait=5"], false).as_deref(), Some("respond-async, wait=5"));
        assert_eq!(applied(&["respond-async, wait=5"], true).as_deref(), Some("wait=5"));
        assert_eq!(applied(&["return=minimal"], false), None);
    }
}
