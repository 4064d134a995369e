//! Bytes of a photo in, headshot artefacts out. Synchronous, no network; the only user of ONNX Runtime.
//!
//! [`process`] reads as the list of stages; each stage is a function in a file of its own that takes what earlier
//! stages made and returns something new.

mod base;
mod compose;
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
mod observer;
mod outcome;
mod process;
mod quality;
mod refine;
mod renditions;
mod roll;
mod scene;
mod second_look;
mod sight;
mod stored_matte;
mod whole_photo;

/// Which sources made a picture: the package's version and a fingerprint of its files. The same photo, recipe and network may
/// give another picture with another version.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("PIPELINE_FINGERPRINT"));

pub use base::error::PipelineError;
pub use base::geometry::{Levelled, Original, Region, Space};
pub use base::plane::Plane;
pub use crop::{Crop, Matte};
pub use matting::{CoarseMatte, HeadBox, coarse_matte};
pub use models::{
    Activation, ChannelOrder, Cuda, DescribedBy, Divisor, Layout, ModelDescription, ModelError,
    ModelSettings, Models, PROFILES, Rule, profile, runtime_library,
};
pub use observer::{CloseUp, Observer};
pub use outcome::{Outcome, Rejection, Rendered};
pub use process::{process, process_again, process_observed};
pub use refine::{Fitted, LinearModel};
pub use renditions::Artefact;
pub use stored_matte::{StoredMatte, StoredMatteError};
pub use whole_photo::{fit_photo, refine_photo};
