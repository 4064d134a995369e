use anyhow::Result;
use bytes::Bytes;
use headshot_core::BlobKey;

use super::blobs::{LocalBlobWriter, LocalBlobs};
use super::downloads::DownloadRefused;
use crate::UploadTerms;

/// What the API needs to take what is put with the links that [`crate::Blobs::signed_upload`] gives on the local backend.
#[derive(Clone)]
pub struct LocalUploads {
    blobs: LocalBlobs,
}

/// A blob that is being put.
pub struct LocalUpload {
    writer: LocalBlobWriter,
}

impl LocalUploads {
    pub(super) fn new(blobs: LocalBlobs) -> Self {
        Self { blobs }
    }

    /// Checks a request against its signature, as [`crate::LocalDownloads::verify`] does.
    ///
    /// # Errors
    /// Why the request is refused; 403 in both cases.
    pub fn verify(&self, path: &str, query: &str) -> Result<UploadTerms, DownloadRefused> {
        self.blobs.signer().verify_upload(path, query)
    }

    /// Whether there is such a blob already.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn is_taken(&self, key: BlobKey) -> Result<bool> {
        Ok(self.blobs.content_type(key).await?.is_some())
    }

    /// Begins to write the blob.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn begin(&self, terms: &UploadTerms) -> Result<LocalUpload> {
        Ok(LocalUpload { writer: self.blobs.begin(terms.key, &terms.content_type).await? })
    }
}

impl LocalUpload {
    /// Appends a chunk.
    ///
    /// # Errors
    /// The store cannot be written to; drop the upload then.
    pub async fn write(&mut self, chunk: Bytes) -> Result<()> {
        self.writer.write(chunk).await
    }

    /// Makes the blob appear, if there is none yet and the upload is still expected. `false`: nothing was stored.
    ///
    /// # Errors
    /// The store cannot be written to; nothing is left behind then.
    pub async fn commit(self) -> Result<bool> {
        self.writer.commit_expected().await
    }
}
