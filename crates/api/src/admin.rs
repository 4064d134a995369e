//! What support may do: look jobs up, and tell a shop once more.

pub(crate) mod list;
pub(crate) mod resend;
