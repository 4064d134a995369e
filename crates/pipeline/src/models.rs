//! The networks, loaded once per process, and ONNX Runtime under them.

mod describe;
mod described_by;
mod description;
mod error;
mod file;
mod fit;
mod json;
mod letterbox;
mod matte_size;
mod profiles;
mod rule;
mod runtime;
mod session;

use std::path::PathBuf;
use std::sync::Mutex;

use headshot_core::ModelInfo;
use ort::session::Session;

use describe::{Described, describe};
pub use described_by::DescribedBy;
pub use description::{Activation, ChannelOrder, Divisor, Layout, ModelDescription};
pub use error::ModelError;
use file::ModelFile;
use fit::check_fit;
pub(crate) use letterbox::Letterbox;
pub(crate) use matte_size::{MatteSize, expected_matte};
pub use profiles::{PROFILES, profile};
pub use rule::Rule;
pub use runtime::runtime_library;
use session::{check_cuda, open_session};

/// Which model to load, and onto what.
#[derive(Clone, Debug, Default)]
pub struct ModelSettings {
    /// An ONNX file to use instead of the built-in model (`MATTING_MODEL_PATH`).
    pub path: Option<PathBuf>,
    /// The profile that describes it, whatever the file and its neighbours say (`MATTING_MODEL_PROFILE`).
    pub profile: Option<String>,
    /// Whether to use NVIDIA's execution provider.
    pub cuda: Cuda,
    /// Threads inside one inference; 0 means 1. More threads cost CPU time and gain little on a network this small.
    pub threads: usize,
    /// A rule to leave out, to see what it brings.
    pub without: Option<Rule>,
}

/// Whether NVIDIA's execution provider is wanted (`ORT_CUDA`), and what happens where it cannot be had
/// (`ORT_CUDA_FALLBACK`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cuda {
    /// Not wanted.
    #[default]
    Off,
    /// Without it, loading fails.
    OrRefuse,
    /// Without it the CPU is used, and [`Models::cuda_missing`] says why.
    OrCpu,
}

/// The loaded models. Shared by all threads; inferences take turns.
pub struct Models {
    matting: Mutex<Session>,
    refiner: Mutex<Session>,
    description: ModelDescription,
    described_by: DescribedBy,
    info: ModelInfo,
    cuda_missing: Option<String>,
    without: Option<Rule>,
}

impl Models {
    /// Loads ONNX Runtime and the matting model.
    ///
    /// # Errors
    /// [`ModelError`], each with what to do about it.
    pub fn load(settings: &ModelSettings) -> Result<Self, ModelError> {
        let file = match &settings.path {
            None => ModelFile::built_in(),
            Some(path) => ModelFile::read(path)?,
        };
        match settings.cuda {
            Cuda::Off => Self::on_cpu(file, settings, None),
            Cuda::OrRefuse => Self::on_cuda(&file, settings),
            Cuda::OrCpu => match Self::on_cuda(&file, settings) {
                Err(ModelError::Cuda { reason }) => Self::on_cpu(file, settings, Some(reason)),
                loaded => loaded,
            },
        }
    }

    /// Which model this is and what it runs on.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// How the model is fed and read.
    pub fn description(&self) -> &ModelDescription {
        &self.description
    }

    /// Where that was said.
    pub fn described_by(&self) -> &DescribedBy {
        &self.described_by
    }

    /// Why the CPU is used although CUDA was wanted; `None` where all is as it was asked for.
    pub fn cuda_missing(&self) -> Option<&str> {
        self.cuda_missing.as_deref()
    }

    pub(crate) fn applies(&self, rule: Rule) -> bool {
        self.without != Some(rule)
    }

    pub(crate) fn without(&self) -> Option<Rule> {
        self.without
    }

    pub(crate) fn matting(&self) -> &Mutex<Session> {
        &self.matting
    }

    pub(crate) fn refiner(&self) -> &Mutex<Session> {
        &self.refiner
    }

    fn on_cpu(
        file: ModelFile,
        settings: &ModelSettings,
        cuda_missing: Option<String>,
    ) -> Result<Self, ModelError> {
        let session = open_session(&file, settings.threads, false)?;
        Ok(Self { cuda_missing, ..Self::described(&file, settings, session, "cpu")? })
    }

    fn on_cuda(file: &ModelFile, settings: &ModelSettings) -> Result<Self, ModelError> {
        let session = open_session(file, settings.threads, true)?;
        let mut models = Self::described(file, settings, session, "cuda")?;
        models.description = models.description.with_one_input_shape();
        let mut session = models.matting.lock().unwrap_or_else(|e| e.into_inner());
        check_cuda(&models.description, &mut session)?;
        drop(session);
        Ok(models)
    }

    fn described(
        file: &ModelFile,
        settings: &ModelSettings,
        session: Session,
        provider: &str,
    ) -> Result<Self, ModelError> {
        let Described { description, by } = describe(file, settings.profile.as_deref(), &session)?;
        check_fit(&file.name, &description, &by, &session)?;
        let name = if description.name.is_empty() { &file.name } else { &description.name };
        let info =
            ModelInfo { name: name.clone(), sha256: file.sha256.clone(), provider: provider.to_owned() };
        // So small, and of another size for every photo: on the CPU, whatever the matting network runs on.
        let refiner = open_session(&ModelFile::refiner(), settings.threads, false)?;
        Ok(Self {
            matting: Mutex::new(session),
            refiner: Mutex::new(refiner),
            description,
            described_by: by,
            info,
            cuda_missing: None,
            without: settings.without,
        })
    }
}
