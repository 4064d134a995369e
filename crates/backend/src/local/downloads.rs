use headshot_core::BlobKey;

use super::blobs::{Download, LocalBlobs};
use crate::contract::blobs::DownloadRefused;
use crate::error::Result;

/// What the API needs to serve the URLs that [`crate::Blobs::signed_url`] gives on the local backend.
#[derive(Clone)]
pub struct LocalDownloads {
    blobs: LocalBlobs,
}

impl LocalBlobs {
    pub(crate) fn downloads(&self) -> LocalDownloads {
        LocalDownloads { blobs: self.clone() }
    }
}

impl LocalDownloads {
    /// Checks a request against its signature: `path` as it stands in the request line, from `/files/` on, and the
    /// `query` without its question mark.
    ///
    /// # Errors
    /// Why the request is refused; 403 in both cases.
    pub fn verify(&self, path: &str, query: &str) -> Result<BlobKey, DownloadRefused> {
        self.blobs.signer().verify(path, query)
    }

    /// Opens a blob; `None` when there is none.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn open(&self, key: BlobKey) -> Result<Option<Download>> {
        self.blobs.open(key).await
    }
}
