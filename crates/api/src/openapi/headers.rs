//! The headers of answers.

use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Header, HeaderBuilder, KnownFormat};

/// What the description says of a header, by its name.
pub(super) fn header(name: &str) -> Header {
    let (description, text) = match name {
        "Allow" => ("The methods that this address takes.", true),
        "Cache-Control" => ("Who may keep the answer, and for how long.", true),
        "ETag" => ("The answer's tag, for `If-None-Match`.", true),
        "Idempotency-Replayed" => {
            ("`true` where an earlier request with the same key, or of the same upload, made the job.", true)
        }
        "Location" => ("Where the headshot is asked for.", true),
        "Preference-Applied" => ("What was made of `Prefer`; absent where it said nothing of ours.", true),
        "Retry-After" => ("Seconds until it is worth asking again.", false),
        "Vary" => ("The request's headers that the answer depends on.", true),
        "WWW-Authenticate" => ("What is wrong with the key, as RFC 6750 has it.", true),
        "x-request-id" => ("The request's id, under which the log has it.", true),
        _ => ("", true),
    };
    let schema = if text {
        ObjectBuilder::new().schema_type(Type::String)
    } else {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0))
    };
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}
