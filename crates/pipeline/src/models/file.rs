//! A network as it came, before ONNX Runtime has seen it.

use std::borrow::Cow;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::ModelError;

/// The network that is used unless another is asked for, trained for this project.
///
/// Its encoder began from a published one (NOTICE). It describes itself in its metadata: another one is
/// another file name here, and its checksum.
const BUILT_IN_MODEL: &[u8] = include_bytes!("../../models/pet-matte-4.onnx");
/// Its checksum, which a test holds against the bytes: hashing nine megabytes at every start would be a cost for nothing.
const BUILT_IN_SHA256: &str = "f4f077cc45c6e7949e6fe838b25a3612f3052f45361d82a97ad70e768bf69747";

/// The refiner, trained for this project from random weights on drawn hairs: `refine/refiner.rs` feeds and reads it.
const REFINER: &[u8] = include_bytes!("../../models/pet-refiner-2.onnx");
/// Its checksum, also held against the bytes: with it another refiner is another version of the pipeline.
const REFINER_SHA256: &str = "d2540b18b203165c84ac408d730748bcea752b7dc8feef65af5a3f9d817d5caf";

pub(super) struct ModelFile {
    /// The file's name without its ending.
    pub name: String,
    pub bytes: Cow<'static, [u8]>,
    pub sha256: String,
    pub sidecar: Option<Sidecar>,
}

/// The description that lies beside the file.
pub(super) struct Sidecar {
    pub path: PathBuf,
    pub json: String,
}

impl ModelFile {
    pub fn built_in() -> Self {
        Self {
            name: "built-in".into(),
            bytes: BUILT_IN_MODEL.into(),
            sha256: BUILT_IN_SHA256.into(),
            sidecar: None,
        }
    }

    pub fn refiner() -> Self {
        Self {
            name: "pet-refiner-2".into(),
            bytes: REFINER.into(),
            sha256: REFINER_SHA256.into(),
            sidecar: None,
        }
    }

    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let failed = |p: &Path, e: std::io::Error| ModelError::Unreadable {
            path: p.display().to_string(),
            reason: e.to_string(),
        };
        let bytes = fs::read(path).map_err(|e| failed(path, e))?;
        let beside = path.with_extension("json");
        let sidecar = match fs::read_to_string(&beside) {
            Ok(json) => Some(Sidecar { path: beside, json }),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(failed(&beside, e)),
        };
        let name = path.file_stem().map_or_else(|| "model".into(), |s| s.to_string_lossy().into_owned());
        Ok(Self { name, sha256: sha256(&bytes), bytes: bytes.into(), sidecar })
    }
}

/// The checksum of some bytes in lower-case hex, as checksums are written.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_are_those_of_the_built_in_models() {
        assert_eq!(sha256(BUILT_IN_MODEL), BUILT_IN_SHA256);
        assert_eq!(sha256(REFINER), REFINER_SHA256);
    }
}
