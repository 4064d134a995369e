//! The API's description as it is served.

/// What the API says of itself.
pub(crate) struct Document {
    /// As it is served and checked in.
    pub(crate) text: String,
    /// Every call, as `METHOD /path`.
    pub(crate) calls: Vec<String>,
    /// Its entity tag.
    pub(super) tag: String,
}
