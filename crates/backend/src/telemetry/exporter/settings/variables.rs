//! The names, and what the values may be. Where there are two names for one setting, the one for traces
//! alone comes first.

use ureq::http::HeaderName;

pub(super) const ENDPOINT: &[&str] = &["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
pub(super) const HEADERS: &[&str] = &["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
pub(super) const TIMEOUT: &[&str] = &["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
pub(super) const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
pub(super) const SAMPLER_ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
pub(super) const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";

/// Names, what a value must be, and whether it is.
pub(super) type Rule = (&'static [&'static str], &'static str, fn(&str) -> bool);

pub(super) const RULES: &[Rule] = &[
    (
        &["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"],
        "only http/protobuf is supported, which collectors take on port 4318",
        |value| value == "http/protobuf",
    ),
    (
        &["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"],
        "traces are sent uncompressed; leave it out or set none",
        |value| value == "none",
    ),
    (TIMEOUT, "it must be milliseconds from 1 to 600000", |value| {
        value.parse().is_ok_and(|ms: u64| (1..=600_000).contains(&ms))
    }),
    (
        &[SAMPLER],
        "it must be always_on, always_off, traceidratio, or one of them after parentbased_",
        |value| matches!(sampler(value), "" | "always_on" | "always_off" | "traceidratio"),
    ),
    (&["OTEL_PROPAGATORS"], "only tracecontext (W3C) is followed", |value| {
        let mut names = value.split(',').map(str::trim);
        names.clone().any(|name| name == "tracecontext")
            && names.all(|name| matches!(name, "tracecontext" | "baggage"))
    }),
    (&[ATTRIBUTES], "it must read like name=value,other.name=value", |value| {
        value
            .split_terminator(',')
            .all(|pair| pair.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty()))
    }),
    // These are read by the SDK, which takes its default where it cannot make sense of one.
    (&["OTEL_BSP_SCHEDULE_DELAY"], ABOVE_ZERO, above_zero),
    (&["OTEL_BSP_MAX_QUEUE_SIZE"], ABOVE_ZERO, above_zero),
    (&["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"], ABOVE_ZERO, above_zero),
    (&["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"], ABOVE_ZERO, above_zero),
    (&["OTEL_SPAN_EVENT_COUNT_LIMIT"], ABOVE_ZERO, above_zero),
    (&["OTEL_SPAN_LINK_COUNT_LIMIT"], ABOVE_ZERO, above_zero),
];

const ABOVE_ZERO: &str = "it must be a whole number above 0";

fn above_zero(value: &str) -> bool {
    value.parse::<u32>().is_ok_and(|number| number > 0)
}

/// The sampler of a trace that begins here.
pub(super) fn sampler(value: &str) -> &str {
    value.strip_prefix("parentbased_").unwrap_or(value)
}

/// Whether these are headers: `name=value,other-name=value`.
pub(super) fn are_headers(value: &str) -> bool {
    value.split_terminator(',').all(|pair| {
        pair.split_once('=').is_some_and(|(key, value)| {
            key.trim().parse::<HeaderName>().is_ok()
                && !value.trim().is_empty()
                && value.bytes().all(|b| (b' '..=b'~').contains(&b))
        })
    })
}

/// What is not supported, and what to do instead.
pub(super) const UNSUPPORTED: [(&[&str], &str); 2] = [
    (
        &[
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
            "OTEL_EXPORTER_OTLP_CLIENT_KEY",
            "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
        ],
        "SSL_CERT_FILE names certificates to trust, and a collector beside this program can hold client certificates",
    ),
    // Part of the specification, but nothing that the SDK heeds.
    (
        &[
            "OTEL_ATTRIBUTE_COUNT_LIMIT",
            "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
            "OTEL_BSP_EXPORT_TIMEOUT",
            "OTEL_CONFIG_FILE",
            "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
            "OTEL_EXPERIMENTAL_CONFIG_FILE",
            "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
            "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        ],
        "leave it out",
    ),
];
