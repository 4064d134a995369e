use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use google_cloud_storage::read_object::ReadObjectResponse;

use super::calls::within;
use crate::error::{Context, Result};
use crate::gcp::deadlines::CALL_TIMEOUT;

/// An object that is being read, chunk by chunk.
pub(crate) struct GcpBlobReader {
    response: ReadObjectResponse,
    path: String,
}

impl GcpBlobReader {
    pub(super) fn new(response: ReadObjectResponse, path: String) -> Self {
        Self { response, path }
    }

    pub(crate) fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>> {
        async move {
            let chunk = within(CALL_TIMEOUT, self.response.next()).await?;
            chunk.transpose().with_context(|| format!("reading {}", self.path))
        }
        .boxed()
    }
}
