//! ONNX Runtime's library.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use ort::environment::Environment;

use super::error::ModelError;

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
pub(super) fn environment() -> Result<&'static Environment, ModelError> {
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
