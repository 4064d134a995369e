//! Where a model's description came from.

use std::fmt;
use std::path::PathBuf;

/// The key under which an ONNX file may carry its own [`ModelDescription`].
pub(super) const METADATA_KEY: &str = "headshot.model";

/// Where a model's description came from. Each counts more than those after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DescribedBy {
    /// The profile that `MATTING_MODEL_PROFILE` names.
    Setting(String),
    /// A file beside the model, with the same name and the ending `.json`.
    Sidecar(PathBuf),
    /// The metadata inside the model, under `headshot.model`.
    Metadata,
    /// The profile that is called like the model's file.
    FileName(String),
    /// Nothing: it is taken for a model of the plain kind.
    Nothing,
}

impl fmt::Display for DescribedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(name) => write!(f, "by the profile \"{name}\" of MATTING_MODEL_PROFILE"),
            Self::Sidecar(path) => write!(f, "in {}", path.display()),
            Self::Metadata => write!(f, "in its metadata \"{METADATA_KEY}\""),
            Self::FileName(name) => write!(f, "by the profile \"{name}\" of its file name"),
            Self::Nothing => write!(f, "by nobody, so taken for a plain one"),
        }
    }
}
