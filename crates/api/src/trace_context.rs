//! W3C trace context: which trace a request belongs to, so that its logs and its job's can be found together.

use axum::http::HeaderMap;
use uuid::Uuid;

/// The trace of one request, taken from its `traceparent` header or begun here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    trace_id: String,
    flags: String,
}

impl TraceContext {
    /// The trace that the headers name, or a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all("traceparent").iter();
        // Two headers are none: the standard has nobody guess which of them is meant.
        match (values.next().and_then(|v| v.to_str().ok()), values.next()) {
            (Some(value), None) => Self::parse(value).unwrap_or_else(Self::new),
            _ => Self::new(),
        }
    }

    /// The trace id, 32 hex digits.
    pub(crate) fn trace_id(&self) -> &str {
        &self.trace_id
    }

    /// A `traceparent` for what is done on this request's behalf, under a span id of its own.
    pub(crate) fn child(&self) -> String {
        let span_id = &Uuid::new_v4().simple().to_string()[..16];
        format!("00-{}-{span_id}-{}", self.trace_id, self.flags)
    }

    fn new() -> Self {
        Self { trace_id: Uuid::new_v4().simple().to_string(), flags: "01".into() }
    }

    fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split('-');
        let (version, trace_id, span_id, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let all_hex = hex(version, 2) && hex(trace_id, 32) && hex(span_id, 16) && hex(flags, 2);
        let known = version != "ff" && (version != "00" || parts.next().is_none());
        let zero = trace_id.bytes().all(|b| b == b'0') || span_id.bytes().all(|b| b == b'0');
        (all_hex && known && !zero).then(|| Self { trace_id: trace_id.into(), flags: flags.into() })
    }
}

fn hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_valid_header_is_followed_and_its_child_is_valid_too() {
        let header = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_str(&header).unwrap());
        let context = TraceContext::of(&headers);
        assert_eq!(context.trace_id(), TRACE);
        assert_ne!(context.child(), header);
        assert_eq!(TraceContext::parse(&context.child()), Some(context));
    }

    #[test]
    fn anything_else_begins_a_new_trace() {
        let zero = "0".repeat(32);
        let invalid = [
            String::new(),
            "00".into(),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-extra"),
            format!("00-{zero}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-0000000000000000-01"),
        ];
        for value in invalid {
            assert_eq!(TraceContext::parse(&value), None, "{value:?}");
        }
        assert_eq!(TraceContext::of(&HeaderMap::new()).trace_id().len(), 32);
    }
}
