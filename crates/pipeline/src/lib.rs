//! Bytes of a photo in, headshot artefacts out. Synchronous, no network; the only user of ONNX Runtime.
