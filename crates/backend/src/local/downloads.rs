use std::io::ErrorKind;

use anyhow::{Context, Result};
use headshot_core::BlobKey;
use tokio::fs::File;

use super::blobs::LocalBlobs;

/// What the API needs to serve the URLs that [`crate::Blobs::signed_url`] gives on the local backend.
#[derive(Clone)]
pub struct LocalDownloads {
    blobs: LocalBlobs,
}

/// A blob that is open for reading.
#[derive(Debug)]
pub struct Download {
    /// The file, at its start. It stays readable when the blob is replaced or deleted meanwhile.
    pub file: File,
    /// The content type that the blob was stored with.
    pub content_type: String,
    /// Length in bytes.
    pub len: u64,
}

/// Why a download URL does not open anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownloadRefused {
    /// It was good once.
    Expired,
    /// It was never given out in this form.
    BadSignature,
}

impl LocalDownloads {
    pub(super) fn new(blobs: LocalBlobs) -> Self {
        Self { blobs }
    }

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
        let Some(content_type) = self.blobs.content_type(key).await? else { return Ok(None) };
        let path = self.blobs.path(key);
        let context = || format!("cannot read {}", path.display());
        let file = match File::open(&path).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.with_context(context)?,
        };
        let len = file.metadata().await.with_context(context)?.len();
        Ok(Some(Download { file, content_type, len }))
    }
}

impl std::fmt::Display for DownloadRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Expired => "the download link has expired",
            Self::BadSignature => "the download link is not valid",
        })
    }
}

impl std::error::Error for DownloadRefused {}
