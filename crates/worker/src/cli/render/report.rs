use headshot_core::{Failure, Head, ModelInfo, Quality};
use serde::Serialize;
use std::collections::BTreeMap;

/// How a photo ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The pictures are there.
    Done,
    /// It can never become a headshot, and `error` says why.
    Refused,
    /// Something went wrong that has nothing to do with the photo.
    Failed,
}

/// What `NAME.json` says of one photo.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The photo, as it was named.
    pub photo: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was refused, or what went wrong.
    pub error: Option<Failure>,
    /// The verdict on the photo.
    pub quality: Option<Quality>,
    /// Where the head is.
    pub head: Option<Head>,
    /// What made the matte.
    pub model: Option<ModelInfo>,
    /// The pictures.
    pub outputs: Vec<Output>,
    /// Milliseconds each stage took, and `total`.
    pub timings_ms: BTreeMap<String, f64>,
}

/// One picture that was written.
#[derive(Debug, Serialize)]
pub struct Output {
    /// Its file name, beside the report.
    pub file: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}
