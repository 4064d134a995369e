//! W3C trace context: which trace a span belongs to, so that a request's logs and its job's can be found together.

use headshot_core::JobId;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::IdGenerator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::trace_id::{Ids, given};

/// A span's place in its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext(SpanContext);

/// The job that a span and everything inside it is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct About(pub JobId);

/// Puts the new span of a request into the trace that its client names, or into one that begins here. What comes from
/// outside and is no proper `traceparent` counts as none.
pub fn begin_request(span: &Span, traceparent: Option<&str>) -> TraceContext {
    begin(span, caller(traceparent))
}

/// Puts the new span of a job below the span that published its task; spans inside it will carry the job's id.
pub fn begin_job(span: &Span, traceparent: Option<&str>, job_id: Option<JobId>) -> TraceContext {
    let caller = caller(traceparent);
    begin(span, job_id.map_or(caller.clone(), |job_id| caller.with_value(About(job_id))))
}

/// Puts a new span into a trace of which only the id is known any more.
pub fn resume(span: &Span, trace_id: Option<&str>) -> TraceContext {
    match trace_id.and_then(self::trace_id) {
        Some(id) => given(id, || begin(span, Context::new())),
        None => begin(span, Context::new()),
    }
}

impl TraceContext {
    /// Reads a `traceparent`, strictly: whoever cannot write one is not followed.
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let (version, trace_id, span_id, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // Later versions may add fields; the first four keep their meaning.
        let known = hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
        let trace_id = self::trace_id(trace_id)?;
        let span_id = SpanId::from_hex(Some(span_id).filter(|id| hex(id, 16))?).ok()?;
        let flags = u8::from_str_radix(Some(flags).filter(|flags| hex(flags, 2))?, 16).ok()?;
        let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
        let context = SpanContext::new(trace_id, span_id, flags, true, TraceState::NONE);
        (known && context.is_valid()).then_some(Self(context))
    }

    /// The trace id, 32 hex digits.
    pub fn trace_id(&self) -> String {
        self.0.trace_id().to_string()
    }

    /// The `traceparent` that makes another process's span a child of this one.
    pub fn traceparent(&self) -> String {
        let flags = self.0.trace_flags() & TraceFlags::SAMPLED;
        format!("00-{}-{}-{flags:02x}", self.0.trace_id(), self.0.span_id())
    }
}

fn caller(traceparent: Option<&str>) -> Context {
    match traceparent.and_then(TraceContext::parse) {
        Some(TraceContext(caller)) => Context::new().with_remote_span_context(caller),
        None => Context::new(),
    }
}

fn begin(span: &Span, parent: Context) -> TraceContext {
    let caller = parent.span().span_context().clone();
    if span.set_parent(parent).is_ok() {
        let own = span.context().span().span_context().clone();
        if own.is_valid() {
            return TraceContext(own);
        }
    }
    // Nobody listens to spans in this process. The trace goes on all the same: records and messages carry it.
    let ids = Ids::default();
    let trace_id = if caller.is_valid() { caller.trace_id() } else { ids.new_trace_id() };
    TraceContext(SpanContext::new(trace_id, ids.new_span_id(), caller.trace_flags(), false, TraceState::NONE))
}

fn trace_id(text: &str) -> Option<TraceId> {
    let id = TraceId::from_hex(Some(text).filter(|text| hex(text, 32))?).ok()?;
    (id != TraceId::INVALID).then_some(id)
}

fn hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_proper_traceparent_is_followed() {
        for flags in ["00", "01"] {
            let header = format!("00-{TRACE}-00f067aa0ba902b7-{flags}");
            let context = TraceContext::parse(&header).unwrap();
            assert_eq!((context.trace_id().as_str(), context.traceparent()), (TRACE, header));
            let child = begin_request(&Span::none(), Some(&context.traceparent()));
            assert_eq!(child.trace_id(), TRACE);
            assert_ne!(child, context, "a span id of its own");
            assert!(child.traceparent().ends_with(flags), "whether it is recorded is the client's to say");
        }
        let unknown_flags = TraceContext::parse(&format!("00-{TRACE}-00f067aa0ba902b7-ff")).unwrap();
        assert!(unknown_flags.traceparent().ends_with("-01"));
        assert!(TraceContext::parse(&format!("01-{TRACE}-00f067aa0ba902b7-01-more")).is_some());
    }

    #[test]
    fn anything_else_begins_a_new_trace() {
        let nul = "\0".repeat(55);
        let wide = "é".repeat(32);
        for value in [
            "",
            "nonsense",
            &nul,
            "00-0-0-01",
            &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            &format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            &format!("00-{TRACE}-00f067aa0ba902b7-01-extra"),
            &format!("00-{TRACE}-00f067aa0ba902b7"),
            &format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            &format!("00-{TRACE}-0000000000000000-01"),
            &format!("00-{TRACE}-00f067aa0ba902b7-+1"),
            &format!("00-{wide}-00f067aa0ba902b7-01"),
            &format!(" 00-{TRACE}-00f067aa0ba902b7-01"),
        ] {
            assert_eq!(TraceContext::parse(value), None, "{value:?}");
            let new = begin_request(&Span::none(), Some(value));
            assert!(new.0.is_valid() && new.trace_id() != TRACE, "{value:?}");
        }
        assert_ne!(
            begin_request(&Span::none(), None).trace_id(),
            begin_request(&Span::none(), None).trace_id()
        );
    }

    #[test]
    fn a_trace_is_resumed_by_its_id() {
        assert_eq!(resume(&Span::none(), Some(TRACE)).trace_id(), TRACE);
        let zero = "0".repeat(32);
        for nonsense in [None, Some("nonsense"), Some(zero.as_str())] {
            let begun = resume(&Span::none(), nonsense);
            assert!(begun.0.is_valid() && begun.trace_id() != TRACE);
        }
    }
}
