use super::described_by::DescribedBy;

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
    #[error("the model {model} is described {by}, and that is wrong: {reason}")]
    Description {
        /// The model.
        model: String,
        /// Where the description is.
        by: DescribedBy,
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
    #[error(
        "the model {model}, described {by}, does not fit: expected {expected}, it has {found}. Describe it in {model}.json beside it, or name its profile in MATTING_MODEL_PROFILE"
    )]
    Mismatch {
        /// The model.
        model: String,
        /// Where the description is.
        by: DescribedBy,
        /// What the description promises.
        expected: String,
        /// What the file declares.
        found: String,
    },
    /// CUDA was asked for and is not there. Never a silent fall-back.
    #[error(
        "ORT_CUDA=1 asks for CUDA, which cannot be used: {reason}. Provide it (docs/gpu.md), set ORT_CUDA_FALLBACK=cpu to serve on the CPU while it is missing, or unset ORT_CUDA"
    )]
    Cuda {
        /// What is missing.
        reason: String,
    },
}
