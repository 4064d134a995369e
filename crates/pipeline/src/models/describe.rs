//! Whose word about a model counts.

use ort::session::Session;

use super::described_by::{DescribedBy, METADATA_KEY};
use super::description::ModelDescription;
use super::error::ModelError;
use super::file::ModelFile;
use super::profiles::{PROFILES, profile};

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
