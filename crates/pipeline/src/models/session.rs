//! Opening a network on the CPU or on CUDA.

use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::TensorRef;

use super::description::ModelDescription;
use super::error::ModelError;
use super::file::ModelFile;
use super::letterbox::Letterbox;
use super::runtime::environment;

pub(super) fn open_session(file: &ModelFile, threads: usize, cuda: bool) -> Result<Session, ModelError> {
    let environment = environment()?;
    let refused = |reason: String| ModelError::Refused { model: file.name.clone(), reason };
    let builder = Session::builder(environment)
        .map_err(|e| refused(e.to_string()))?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(|e| refused(e.to_string()))?
        .with_intra_threads(threads.max(1))
        .map_err(|e| refused(e.to_string()))?
        // The same input gives the same bytes, whatever the order of threads.
        .with_deterministic_compute(true)
        .map_err(|e| refused(e.to_string()))?;
    if cuda {
        let opened = with_cuda(builder)?.commit_from_memory(&file.bytes);
        return opened.map_err(missing);
    }
    let mut builder = builder;
    builder.commit_from_memory(&file.bytes).map_err(|e| refused(e.to_string()))
}

/// Runs the network over nothing. Registering the provider and opening the session may pass and the first kernel
/// fail all the same; that too is "no CUDA". It also lets cuDNN plan for the shapes that all inputs will have: one, and that
/// of the mirrored input.
pub(super) fn check_cuda(description: &ModelDescription, session: &mut Session) -> Result<(), ModelError> {
    for side in [Some(description.long_side), description.mirrored_side].into_iter().flatten() {
        let shape = Letterbox::fit((1.0, 1.0), side, description).shape(description.layout);
        let nothing = vec![0.0f32; shape.iter().product::<i64>() as usize];
        let value = TensorRef::from_array_view((shape, &*nothing)).map_err(missing)?;
        session.run(ort::inputs![value]).map(drop).map_err(missing)?;
    }
    Ok(())
}

#[cfg(feature = "cuda")]
fn with_cuda(builder: SessionBuilder) -> Result<SessionBuilder, ModelError> {
    let provider = ort::ep::CUDA::default().build().error_on_failure();
    builder.with_execution_providers([provider]).map_err(missing)
}

#[cfg(not(feature = "cuda"))]
fn with_cuda(_: SessionBuilder) -> Result<SessionBuilder, ModelError> {
    Err(ModelError::Cuda { reason: "this program was built without it".into() })
}

fn missing<T>(error: ort::Error<T>) -> ModelError {
    // It becomes part of a sentence.
    ModelError::Cuda { reason: error.to_string().trim_end_matches('.').to_owned() }
}
