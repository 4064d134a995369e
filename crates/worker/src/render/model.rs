use std::path::PathBuf;

use anyhow::Context;
use headshot_backend::{BackendSettings, ModelObject};
use headshot_pipeline::ModelSettings;

/// A model in Cloud Storage (`MATTING_MODEL_GCS`), and where it is kept on this machine.
#[derive(Clone, Debug)]
pub struct RemoteModel {
    /// Which one.
    pub object: ModelObject,
    /// Fetched models lie here, each under its checksum.
    pub cache: PathBuf,
}

/// Which model to load, fetched first if it is one in Cloud Storage. Its description must be in the file's own metadata:
/// the checksum covers nothing else.
pub(crate) async fn model_settings(
    settings: ModelSettings,
    remote: Option<&RemoteModel>,
    backend: &BackendSettings,
) -> anyhow::Result<ModelSettings> {
    let Some(remote) = remote else { return Ok(settings) };
    let emulator = match backend {
        BackendSettings::Local(_) => None,
        BackendSettings::Gcp(gcp) => gcp.storage_emulator.as_deref(),
    };
    let fetched = remote.object.fetch(&remote.cache, emulator).await;
    let path = Some(fetched.context("MATTING_MODEL_GCS cannot be had")?);
    Ok(ModelSettings { path, ..settings })
}
