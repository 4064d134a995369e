use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use headshot_core::BlobKey;

pub use crate::local::{Download, DownloadRefused, LocalDownloads};
use crate::local::{LocalBlobWriter, LocalBlobs};

/// The store of originals and artefacts.
#[derive(Clone)]
pub struct Blobs {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Local(LocalBlobs),
}

/// A blob that is being written. It comes into being at [`BlobWriter::commit`], whole; dropped before that, whether by
/// an error, a hang-up or a panic, it leaves nothing behind.
pub struct BlobWriter {
    kind: WriterKind,
}

enum WriterKind {
    Local(LocalBlobWriter),
}

impl Blobs {
    pub(crate) fn local(blobs: LocalBlobs) -> Self {
        Self { kind: Kind::Local(blobs) }
    }

    /// Begins to write a blob of unknown length.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn begin(&self, key: BlobKey) -> Result<BlobWriter> {
        match &self.kind {
            Kind::Local(blobs) => Ok(BlobWriter { kind: WriterKind::Local(blobs.begin(key).await?) }),
        }
    }

    /// Stores a blob whole. What the key held before is replaced in one step.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn put(&self, key: BlobKey, content_type: &str, bytes: Bytes) -> Result<()> {
        let mut writer = self.begin(key).await?;
        writer.write(bytes).await?;
        writer.commit(content_type).await
    }

    /// Reads a blob whole; `None` when there is none.
    ///
    /// # Errors
    /// The store cannot be read, or the blob is longer than `limit` bytes, in which case it is not read at all.
    pub async fn get(&self, key: BlobKey, limit: u64) -> Result<Option<Bytes>> {
        match &self.kind {
            Kind::Local(blobs) => blobs.get(key, limit).await,
        }
    }

    /// Deletes a blob. That there is none is no error.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn delete(&self, key: BlobKey) -> Result<()> {
        match &self.kind {
            Kind::Local(blobs) => blobs.delete(key).await,
        }
    }

    /// A URL that lets anybody who has it download the blob until `ttl` from now. It is minted without asking whether
    /// the blob exists, and is never to be stored or logged.
    ///
    /// # Errors
    /// The signer cannot be reached.
    pub async fn signed_url(&self, key: BlobKey, ttl: Duration) -> Result<String> {
        match &self.kind {
            Kind::Local(blobs) => Ok(blobs.signed_url(key, ttl)),
        }
    }

    /// What the API's download route needs, where this backend has no web server of its own.
    pub fn local_downloads(&self) -> Option<LocalDownloads> {
        match &self.kind {
            Kind::Local(blobs) => Some(blobs.downloads()),
        }
    }
}

impl BlobWriter {
    /// Appends a chunk.
    ///
    /// # Errors
    /// The store cannot be written to; drop the writer then.
    pub async fn write(&mut self, chunk: Bytes) -> Result<()> {
        match &mut self.kind {
            WriterKind::Local(writer) => writer.write(chunk).await,
        }
    }

    /// Makes the blob appear under its key, whole and safe on disk, with the content type that downloads of it carry.
    /// To commit the same key again is harmless: the last one stays.
    ///
    /// # Errors
    /// The store cannot be written to; nothing is left behind then.
    pub async fn commit(self, content_type: &str) -> Result<()> {
        match self.kind {
            WriterKind::Local(writer) => writer.commit(content_type).await,
        }
    }
}
