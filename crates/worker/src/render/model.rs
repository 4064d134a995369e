use std::path::PathBuf;

use anyhow::Context;
use headshot_backend::{BackendSettings, ModelObject};
use headshot_pipeline::ModelSettings;

use crate::Config;

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
pub(crate) async fn model_settings(config: &Config) -> anyhow::Result<ModelSettings> {
    let settings = config.rendering.model.clone();
    let Some(remote) = &config.remote_model else { return Ok(settings) };
    let emulator = match &config.backend {
        BackendSettings::Local(_) => None,
        BackendSettings::Gcp(gcp) => gcp.storage_emulator.as_deref(),
    };
    let fetched = remote.object.fetch(&remote.cache, emulator).await;
    let path = Some(fetched.context("MATTING_MODEL_GCS cannot be had")?);
    Ok(ModelSettings { path, ..settings })
}
