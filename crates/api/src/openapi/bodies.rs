//! Bodies of requests that are read chunk by chunk, and so have no type that they are read into.

use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A photo: JPEG, PNG, WebP, HEIC, AVIF, or a camera raw file with a preview of 1500 pixels. The bytes decide which it is, whatever
/// they are declared as.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Photo(Vec<u8>);

/// A form with a photo. Each field may be given once, here or in the query string; an empty one counts as not given, and others are
/// ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Form {
    /// The photo. Its file name is kept as information.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Your order number.
    #[schema(
        nullable = false,
        max_length = 128,
        pattern = r"^(?!\s+$)[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$",
        example = "1001"
    )]
    order_id: Option<String>,
    /// What to make: its name and options in any order, each once.
    #[schema(
        nullable = false,
        pattern = r"^headshot(,(framing=(head|close-up|bust)|look=(house|soft|dramatic)|grain|background=(white|black|#[0-9a-fA-F]{6})|bleed=(10|[0-9])mm|grey-alpha))*$",
        example = "headshot,look=soft"
    )]
    recipe: Option<String>,
    /// `off` has the photo rendered even if it was before.
    #[schema(nullable = false)]
    cache: Option<OnOff>,
    /// Where the end of this job is to be told.
    #[schema(nullable = false, format = "uri", example = "https://shop.example/hooks/1001")]
    webhook_url: Option<String>,
}

/// Whether what an earlier job made of the same photo will do.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "only described")]
pub(crate) enum OnOff {
    /// It will.
    On,
    /// It will not.
    Off,
}

/// The types that only bodies name.
pub(super) fn schemas(found: &mut Vec<(String, RefOr<Schema>)>) {
    found.push((Photo::name().into(), Photo::schema()));
    found.push((Form::name().into(), Form::schema()));
    Form::schemas(found);
}
