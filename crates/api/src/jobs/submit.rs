//! `POST /headshot-async` and `POST /headshot`: a photo comes in and becomes a job.

pub(crate) mod accept;
pub(crate) mod answer;
pub(crate) mod direct_upload;
pub(crate) mod error;
pub(crate) mod fields;
pub(crate) mod handler;
pub(crate) mod multipart;
pub(crate) mod part_heads;
pub(crate) mod receive;
pub(crate) mod stream;
