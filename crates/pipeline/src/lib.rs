//! Bytes of a photo in, headshot artefacts out. Synchronous, no network; the only user of ONNX Runtime.
//!
//! [`process`] reads as the list of stages; each stage is a function in a file of its own that takes what earlier
//! stages made and returns something new.

mod base;
mod crop;
pub mod decode;
mod encode;
mod fade;
mod foreground;
mod framing;
mod head;
mod level;
mod look;
mod matting;
mod models;
mod process;
mod proof;
mod quality;
mod refine;
mod renditions;
mod roll;
mod sight;
mod stored_matte;

/// Which sources made a picture: the package's version and a fingerprint of its files. The same photo, recipe and network may
/// give another picture with another version.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("PIPELINE_FINGERPRINT"));

pub use base::error::PipelineError;
pub use base::geometry::Region;
pub use base::plane::Plane;
pub use crop::{Crop, Matte};
pub use matting::{CoarseMatte, HeadBox, coarse_matte};
pub use models::{
    Activation, ChannelOrder, Cuda, DescribedBy, Divisor, Layout, ModelDescription, ModelError,
    ModelSettings, Models, PROFILES, Rule, profile, runtime_library,
};
pub use process::{Outcome, Rejection, Rendered, process, process_again};
pub use proof::{CloseUp, Proof, fit_photo, process_with_proof};
pub use refine::{Fitted, LinearModel};
pub use renditions::Artefact;
pub use stored_matte::{StoredMatte, StoredMatteError};
