//! The networks, loaded once per process, and ONNX Runtime under them.

use std::borrow::Cow;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use headshot_core::ModelInfo;
use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::ValueType;
use sha2::{Digest, Sha256};

use crate::matting::ModelDescription;

/// The network that is used unless another is asked for, trained for this project from random weights.
const BUILT_IN_MODEL: &[u8] = include_bytes!("../models/pet-matte-0.onnx");
/// Its checksum, which a test holds against the bytes: hashing nine megabytes at every start would be a cost for nothing.
const BUILT_IN_SHA256: &str = "3f2c9c33ba2993a270627bcd3f2f2bcd5ea07cf1e9a6fb36646a7189525dd029";
const BUILT_IN_DESCRIPTION: &str = include_str!("../models/pet-matte-0.json");

/// The key under which an ONNX file may carry its own [`ModelDescription`].
const METADATA_KEY: &str = "headshot.model";

/// Which model to load, and onto what.
#[derive(Clone, Debug, Default)]
pub struct ModelSettings {
    /// An ONNX file to use instead of the built-in model (`MATTING_MODEL_PATH`).
    pub path: Option<PathBuf>,
    /// Insist on NVIDIA's execution provider (`ORT_CUDA=1`): where it cannot be had, loading fails.
    pub cuda: bool,
    /// Threads inside one inference; 0 means 1. More threads cost CPU time and gain little on a network this small.
    pub threads: usize,
}

/// The loaded models. Shared by all threads; inferences take turns.
pub struct Models {
    matting: Mutex<Session>,
    description: ModelDescription,
    info: ModelInfo,
}

/// Why the models could not be loaded. Every variant says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No usable ONNX Runtime library.
    #[error(
        "ONNX Runtime could not be loaded from {path}: {reason}. Run `make setup`, or point ORT_DYLIB_PATH at a libonnxruntime.so of version 1.24 or newer"
    )]
    Runtime {
        /// Where it was looked for.
        path: String,
        /// What the loader said.
        reason: String,
    },
    /// The model file cannot be read.
    #[error("the model {path} cannot be read: {reason}. Check MATTING_MODEL_PATH")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The model's description is wrong.
    #[error(
        "the description of model {model} is wrong: {reason}. Mend {model}.json, or the model's \"headshot.model\" metadata"
    )]
    Description {
        /// The model.
        model: String,
        /// What is wrong.
        reason: String,
    },
    /// ONNX Runtime refuses the model.
    #[error("ONNX Runtime does not take the model {model}: {reason}")]
    Refused {
        /// The model.
        model: String,
        /// What the runtime said.
        reason: String,
    },
    /// The model is not a matting model as described.
    #[error("the model {model} does not fit its description: expected {expected}, it has {found}")]
    Mismatch {
        /// The model.
        model: String,
        /// What the description promises.
        expected: String,
        /// What the file declares.
        found: String,
    },
    /// CUDA was asked for and is not there. Never a silent fall-back.
    #[error(
        "ORT_CUDA=1 asks for CUDA, which cannot be used: {reason}. Unset ORT_CUDA to run on the CPU, or build with `-p headshot-worker --features cuda` and provide the CUDA libraries of ONNX Runtime"
    )]
    Cuda {
        /// What is missing.
        reason: String,
    },
}

impl Models {
    /// Loads ONNX Runtime and the matting model.
    ///
    /// # Errors
    /// [`ModelError`], each with what to do about it.
    pub fn load(settings: &ModelSettings) -> Result<Self, ModelError> {
        let ModelFile { name, bytes, sha256, sidecar } = match &settings.path {
            None => ModelFile::built_in(),
            Some(path) => ModelFile::read(path)?,
        };
        let session = open_session(&name, &bytes, settings)?;
        let description = describe(&name, sidecar, &session)?;
        check_fit(&name, &description, &session)?;
        let info = ModelInfo {
            name: if description.name == "unnamed" { name } else { description.name.clone() },
            sha256,
            provider: if settings.cuda { "cuda" } else { "cpu" }.into(),
        };
        Ok(Self { matting: Mutex::new(session), description, info })
    }

    /// Which model this is and what it runs on.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    pub(crate) fn description(&self) -> &ModelDescription {
        &self.description
    }

    pub(crate) fn matting(&self) -> &Mutex<Session> {
        &self.matting
    }
}

/// The checksum of some bytes in lower-case hex, as checksums are written.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where ONNX Runtime's library is looked for: `ORT_DYLIB_PATH`, beside the program, where `make setup` puts it,
/// then wherever the system's loader looks.
pub fn runtime_library() -> PathBuf {
    const FILE: &str = "libonnxruntime.so";
    if let Some(path) = env::var_os("ORT_DYLIB_PATH").filter(|p| !p.is_empty()) {
        return path.into();
    }
    let beside = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf));
    let places = beside.into_iter().flat_map(|dir| [dir.join(FILE), dir.join("../lib").join(FILE)]);
    let set_up = Path::new(".runtime/onnxruntime").join(FILE);
    places.chain([set_up]).find(|p| p.is_file()).unwrap_or_else(|| FILE.into())
}

/// ONNX Runtime allows one environment in a process, so it is kept for good.
fn environment() -> Result<&'static Environment, ModelError> {
    static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = STARTING.lock().unwrap_or_else(|e| e.into_inner());
    if let Some(environment) = ENVIRONMENT.get() {
        return Ok(environment);
    }
    let path = runtime_library();
    let failed = |reason: String| ModelError::Runtime { path: path.display().to_string(), reason };
    let builder = ort::init_from(&path).map_err(|e| failed(e.to_string()))?;
    let environment = builder.with_telemetry(false).build().map_err(|e| failed(e.to_string()))?;
    Ok(ENVIRONMENT.get_or_init(|| environment))
}

/// A network as it came, before ONNX Runtime has seen it.
struct ModelFile {
    name: String,
    bytes: Cow<'static, [u8]>,
    sha256: String,
    /// The description that lies beside the file.
    sidecar: Option<String>,
}

impl ModelFile {
    fn built_in() -> Self {
        Self {
            name: "pet-matte-0".into(),
            bytes: BUILT_IN_MODEL.into(),
            sha256: BUILT_IN_SHA256.into(),
            sidecar: Some(BUILT_IN_DESCRIPTION.into()),
        }
    }

    fn read(path: &Path) -> Result<Self, ModelError> {
        let failed = |p: &Path, e: std::io::Error| ModelError::Unreadable {
            path: p.display().to_string(),
            reason: e.to_string(),
        };
        let bytes = std::fs::read(path).map_err(|e| failed(path, e))?;
        let beside = path.with_extension("json");
        let sidecar = match std::fs::read_to_string(&beside) {
            Ok(json) => Some(json),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(failed(&beside, e)),
        };
        let name = path.file_stem().map_or_else(|| "model".into(), |s| s.to_string_lossy().into_owned());
        Ok(Self { name, sha256: sha256(&bytes), bytes: bytes.into(), sidecar })
    }
}

fn open_session(name: &str, bytes: &[u8], settings: &ModelSettings) -> Result<Session, ModelError> {
    let environment = environment()?;
    let refused = |reason: String| ModelError::Refused { model: name.into(), reason };
    let mut builder = Session::builder(environment)
        .map_err(|e| refused(e.to_string()))?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(|e| refused(e.to_string()))?
        .with_intra_threads(settings.threads.max(1))
        .map_err(|e| refused(e.to_string()))?
        // The same input gives the same bytes, whatever the order of threads.
        .with_deterministic_compute(true)
        .map_err(|e| refused(e.to_string()))?;
    if settings.cuda {
        // Registration may pass and the first kernel fail: both count as "no CUDA".
        return with_cuda(builder)?
            .commit_from_memory(bytes)
            .map_err(|e| ModelError::Cuda { reason: e.to_string() });
    }
    builder.commit_from_memory(bytes).map_err(|e| refused(e.to_string()))
}

#[cfg(feature = "cuda")]
fn with_cuda(builder: SessionBuilder) -> Result<SessionBuilder, ModelError> {
    let provider = ort::ep::CUDA::default().build().error_on_failure();
    builder.with_execution_providers([provider]).map_err(|e| ModelError::Cuda { reason: e.to_string() })
}

#[cfg(not(feature = "cuda"))]
fn with_cuda(_: SessionBuilder) -> Result<SessionBuilder, ModelError> {
    Err(ModelError::Cuda { reason: "this program was built without it".into() })
}

fn describe(name: &str, sidecar: Option<String>, session: &Session) -> Result<ModelDescription, ModelError> {
    let inside = || session.metadata().ok().and_then(|m| m.custom(METADATA_KEY));
    match sidecar.or_else(inside) {
        None => Ok(ModelDescription::plain()),
        Some(json) => ModelDescription::from_json(&json)
            .map_err(|reason| ModelError::Description { model: name.into(), reason }),
    }
}

/// Refuses at start what could only fail later: wrong inputs, missing outputs.
fn check_fit(name: &str, description: &ModelDescription, session: &Session) -> Result<(), ModelError> {
    let mismatch =
        |expected: String, found: String| ModelError::Mismatch { model: name.into(), expected, found };
    let inputs: Vec<String> =
        session.inputs().iter().map(|i| format!("{} {}", i.name(), i.dtype())).collect();
    let image = "one input, float32 1×3×H×W";
    let [input] = session.inputs() else {
        return Err(mismatch(image.into(), format!("inputs [{}]", inputs.join(", "))));
    };
    let fits = |fixed: i64, wanted: u32| fixed < 0 || fixed == i64::from(wanted);
    let takes_image = match input.dtype() {
        ValueType::Tensor { ty: ort::value::TensorElementType::Float32, shape, .. } => {
            shape.len() == 4
                && fits(shape[0], 1)
                && fits(shape[1], 3)
                && (!description.square
                    || (fits(shape[2], description.long_side) && fits(shape[3], description.long_side)))
                && (description.square || (shape[2] < 0 && shape[3] < 0))
        }
        _ => false,
    };
    if !takes_image {
        let side = description.long_side;
        let size = if description.square { format!("H = W = {side}") } else { "free H and W".into() };
        return Err(mismatch(format!("{image} with {size}"), format!("input {}", inputs.join(", "))));
    }
    let outputs: Vec<&str> = session.outputs().iter().map(|o| o.name()).collect();
    let wanted =
        [Some(&description.alpha_output).filter(|n| !n.is_empty()), description.head_output.as_ref()];
    for output in wanted.into_iter().flatten() {
        if !outputs.contains(&output.as_str()) {
            return Err(mismatch(
                format!("an output \"{output}\""),
                format!("outputs [{}]", outputs.join(", ")),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_given_out_is_that_of_the_built_in_model() {
        assert_eq!(sha256(BUILT_IN_MODEL), BUILT_IN_SHA256);
    }
}
