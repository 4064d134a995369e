//! The loader of models, on small graphs that are built for the purpose and on a real one.

mod deeplab;
mod descriptions;
mod graph;
mod onnx;
mod pet;
mod profiles;
mod refusals;
mod support;
