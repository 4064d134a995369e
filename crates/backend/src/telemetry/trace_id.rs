//! Where new ids come from.

use std::cell::Cell;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

/// Random ids, except that the next trace of this thread may be given the id of one that has begun elsewhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids(RandomIdGenerator);

thread_local! {
    static GIVEN: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// Runs `begin`, which starts a span without a parent, so that this span belongs to the trace `id`.
pub(super) fn given<T>(id: TraceId, begin: impl FnOnce() -> T) -> T {
    GIVEN.set(Some(id));
    let begun = begin();
    GIVEN.set(None);
    begun
}

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        GIVEN.take().unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}
