//! What can go wrong that is not the fault of a photo.

/// Something failed that has nothing to do with the photo: trying again may help.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// ONNX Runtime failed.
    #[error("the matting network failed: {0}")]
    Inference(String),
    /// A stored matte was handed in with a photo of another size.
    #[error("the stored matte is of another photo")]
    OtherPhoto,
    /// A file could not be written.
    #[error("a rendition could not be encoded: {0}")]
    Encode(String),
}
