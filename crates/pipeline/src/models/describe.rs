//! Whose word about a model counts.

use std::fmt;
use std::path::PathBuf;

use ort::session::Session;

use super::ModelError;
use super::file::ModelFile;
use super::{ModelDescription, PROFILES, profile};

/// The key under which an ONNX file may carry its own [`ModelDescription`].
const METADATA_KEY: &str = "headshot.model";

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

pub(super) struct Described {
    pub description: ModelDescription,
    pub by: DescribedBy,
}

/// Finds a model's description.
pub(super) fn describe(
    file: &ModelFile,
    setting: Option<&str>,
    session: &Session,
) -> Result<Described, ModelError> {
    let metadata = || session.metadata().ok().and_then(|m| m.custom(METADATA_KEY));
    let (by, description) = if let Some(name) = setting {
        (DescribedBy::Setting(name.into()), profile(name))
    } else if let Some(sidecar) = &file.sidecar {
        (DescribedBy::Sidecar(sidecar.path.clone()), ModelDescription::from_json(&sidecar.json))
    } else if let Some(json) = metadata() {
        (DescribedBy::Metadata, ModelDescription::from_json(&json))
    } else if PROFILES.contains(&file.name.as_str()) {
        (DescribedBy::FileName(file.name.clone()), profile(&file.name))
    } else {
        (DescribedBy::Nothing, Ok(ModelDescription::plain()))
    };
    match description {
        Ok(description) => Ok(Described { description, by }),
        Err(reason) => Err(ModelError::Description { model: file.name.clone(), by, reason }),
    }
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
