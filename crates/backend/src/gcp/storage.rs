//! Cloud Storage: originals, artefacts and models as objects.

mod blobs;
mod calls;
mod link_cache;
mod links;
mod models;
mod reader;
mod signing;
mod upload;

pub(crate) use blobs::GcpBlobs;
pub use models::ModelObject;
pub(crate) use reader::GcpBlobReader;
pub(crate) use upload::GcpBlobWriter;
