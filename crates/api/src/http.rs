//! Headers, query strings and bodies, read once for all handlers.

pub(crate) mod accept;
pub(crate) mod body;
pub(crate) mod etag;
pub(crate) mod json;
pub(crate) mod parameter;
pub(crate) mod prefer;
pub(crate) mod query;
