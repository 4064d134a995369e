//! Parameters, as several calls take them.

use utoipa::IntoParams;

use super::bodies::OnOff;

/// What may come with a photo, in the query string instead of a form.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct PhotoFields {
    /// Your order number.
    #[param(
        nullable = false,
        max_length = 128,
        pattern = r"^(?!\s+$)[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$",
        example = "1001"
    )]
    order_id: Option<String>,
    /// What to make: its name and options in any order, each once.
    #[param(
        nullable = false,
        pattern = r"^headshot(,(framing=(head|close-up|bust)|look=(house|soft|dramatic)|grain|background=(white|black|#[0-9a-fA-F]{6})|bleed=(10|[0-9])mm|grey-alpha))*$",
        example = "headshot,look=soft"
    )]
    recipe: Option<String>,
    /// `off` has the photo rendered even if it was before.
    #[param(nullable = false)]
    cache: Option<OnOff>,
    /// Where the end of this job is to be told.
    #[param(nullable = false, format = "uri", example = "https://shop.example/hooks/1001")]
    webhook_url: Option<String>,
}

/// Makes a request safe to send again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct IdempotencyKey {
    /// A new one for each order; the same request with the same key, within 24 hours, gets the first one's answer. A string in double
    /// quotes, or the bare text.
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        pattern = r#"^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-+\-./0-9:<-\[\]-~]{1,255})$"#,
        example = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\""
    )]
    idempotency_key: Option<String>,
}

/// How long to wait for the headshot.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Prefer {
    /// `wait=` and seconds, 60 at most, or `respond-async` not to wait at all (RFC 7240). What is none of ours is passed over.
    #[param(rename = "Prefer", nullable = false, example = "wait=10")]
    prefer: Option<String>,
}

/// A headshot's id.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Id {
    /// The id that the job was accepted with.
    #[param(format = "uuid", example = "6f1c1a52-9f0e-4c57-8f0b-0a4a6d1de001")]
    id: String,
}

/// What the client has already.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct IfNoneMatch {
    /// Tags of earlier answers; where one still holds, the answer is 304.
    #[param(rename = "If-None-Match", nullable = false)]
    if_none_match: Option<String>,
}

/// How long to wait for news.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Wait {
    /// Seconds to wait for news: another tag than those of `If-None-Match`, or without them another status or stage than now.
    #[param(nullable = false, minimum = 0, maximum = 60, example = 20)]
    wait: Option<u32>,
}

/// The last event that a client got of a stream that broke.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct LastEventId {
    /// As `EventSource` sends it: nothing is told twice.
    #[param(rename = "Last-Event-ID", nullable = false)]
    last_event_id: Option<String>,
}

/// How support looks jobs up. Other names are refused.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Search {
    /// Only jobs that stand there.
    #[param(nullable = false)]
    status: Option<headshot_core::Status>,
    /// Only jobs of this order.
    #[param(nullable = false)]
    order_id: Option<String>,
    /// Only jobs of this time or later.
    #[param(nullable = false)]
    since: Option<jiff::Timestamp>,
    /// Only jobs from before this time; `next_before` of the page before.
    #[param(nullable = false)]
    before: Option<jiff::Timestamp>,
    /// So many jobs; 50 unless it says otherwise.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A link's path below `/files/`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct FilePath {
    /// As the link has it; slashes are part of it.
    path: String,
}

/// A link's query. Links are followed as they are, never put together.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Signed {
    /// When the link ends, in seconds since 1970.
    expires: String,
    /// What makes it valid.
    signature: String,
}

/// What else the query of a link that takes a photo has.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct SignedTerms {
    /// The photo's size.
    bytes: String,
    /// Its media type.
    r#type: String,
}
