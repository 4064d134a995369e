use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use headshot_core::BlobKey;
use tokio::io::AsyncReadExt;

use crate::contract::blobs::{SignedUpload, UploadTerms};
use crate::error::{Context, Result};
use crate::gcp::{GcpBlobReader, GcpBlobWriter, GcpBlobs};
use crate::handles::dispatch::dispatch;
use crate::local::{LocalBlobWriter, LocalBlobs, LocalDownloads, LocalUploads};

/// The store of originals and artefacts.
#[derive(Clone)]
pub struct Blobs {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Local(LocalBlobs),
    Gcp(GcpBlobs),
}

/// A blob that is being written. It comes into being at [`BlobWriter::commit`], whole; dropped before that, whether by
/// an error, a hang-up or a panic, it leaves nothing behind.
pub struct BlobWriter {
    kind: WriterKind,
}

enum WriterKind {
    Local(Box<LocalBlobWriter>),
    Gcp(GcpBlobWriter),
}

/// A blob that is being read, chunk by chunk.
pub struct BlobReader {
    kind: ReaderKind,
}

enum ReaderKind {
    Local(tokio::fs::File),
    Gcp(Box<GcpBlobReader>),
}

impl Blobs {
    pub(crate) fn local(blobs: LocalBlobs) -> Self {
        Self { kind: Kind::Local(blobs) }
    }

    pub(crate) fn gcp(blobs: GcpBlobs) -> Self {
        Self { kind: Kind::Gcp(blobs) }
    }

    /// Begins to write a blob of unknown length, with the content type that downloads of it carry.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn begin(&self, key: BlobKey, content_type: &str) -> Result<BlobWriter> {
        let kind = match &self.kind {
            Kind::Local(blobs) => WriterKind::Local(Box::new(blobs.begin(key, content_type).await?)),
            Kind::Gcp(blobs) => WriterKind::Gcp(blobs.begin(key, content_type)),
        };
        Ok(BlobWriter { kind })
    }

    /// Stores a blob whole. What the key held before is replaced in one step.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn put(&self, key: BlobKey, content_type: &str, bytes: Bytes) -> Result<()> {
        dispatch!(self, blobs => blobs.put(key, content_type, bytes).await)
    }

    /// Stores an artefact of a job that the caller has claimed, where the claim may lapse at any moment: a worker that
    /// lost it never replaces what its successor stored, however late its write arrives. `still_mine` asks whether the
    /// claim holds, and must ask the record itself. False: it does not, and nothing was written.
    /// The local backend has no need to ask.
    ///
    /// # Errors
    /// The store cannot be written to, or `still_mine` fails.
    pub async fn put_while<F>(
        &self,
        key: BlobKey,
        content_type: &str,
        bytes: Bytes,
        still_mine: impl Fn() -> F + Send + Sync,
    ) -> Result<bool>
    where
        F: Future<Output = Result<bool>> + Send,
    {
        dispatch!(self, blobs => blobs.put_while(key, content_type, bytes, &|| still_mine().boxed()).await)
    }

    /// Reads a blob whole; `None` when there is none.
    ///
    /// # Errors
    /// The store cannot be read, or the blob is longer than `limit` bytes, in which case it is not read at all.
    pub async fn get(&self, key: BlobKey, limit: u64) -> Result<Option<Bytes>> {
        dispatch!(self, blobs => blobs.get(key, limit).await)
    }

    /// Whether there is such a blob.
    ///
    /// # Errors
    /// The store cannot be asked.
    pub async fn exists(&self, key: BlobKey) -> Result<bool> {
        dispatch!(self, blobs => blobs.exists(key).await)
    }

    /// Opens a blob for reading; `None` when there is none. What is read is what was there at this moment, even if the
    /// blob is deleted meanwhile.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn open(&self, key: BlobKey) -> Result<Option<BlobReader>> {
        let kind = match &self.kind {
            Kind::Local(blobs) => blobs.open(key).await?.map(|open| ReaderKind::Local(open.file)),
            Kind::Gcp(blobs) => blobs.open(key).await?.map(|open| ReaderKind::Gcp(Box::new(open))),
        };
        Ok(kind.map(|kind| BlobReader { kind }))
    }

    /// Deletes a blob. That there is none is no error.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn delete(&self, key: BlobKey) -> Result<()> {
        dispatch!(self, blobs => blobs.delete(key).await)
    }

    /// A URL that lets anybody who has it download the blob until `ttl` from now. It is minted without asking whether
    /// the blob exists, and is never to be stored or logged.
    ///
    /// # Errors
    /// The signer cannot be reached.
    pub async fn signed_url(&self, key: BlobKey, ttl: Duration) -> Result<String> {
        dispatch!(self, blobs => blobs.signed_url(key, ttl).await)
    }

    /// A link with which anybody who has it may put one blob where there is none, of the type and size that the terms say,
    /// until `ttl` from now.
    ///
    /// # Errors
    /// The signer cannot be reached.
    pub async fn signed_upload(&self, terms: &UploadTerms, ttl: Duration) -> Result<SignedUpload> {
        dispatch!(self, blobs => blobs.signed_upload(terms, ttl).await)
    }

    /// What the API's upload route needs, where this backend has no web server of its own.
    pub fn local_uploads(&self) -> Option<LocalUploads> {
        match &self.kind {
            Kind::Local(blobs) => Some(blobs.uploads()),
            Kind::Gcp(_) => None,
        }
    }

    /// What every URL of an artefact begins with: where pages that show artefacts must let pictures come from.
    pub fn links_begin_with(&self) -> String {
        dispatch!(self, blobs => blobs.links_begin_with())
    }

    /// What the API's download route needs, where this backend has no web server of its own.
    pub fn local_downloads(&self) -> Option<LocalDownloads> {
        match &self.kind {
            Kind::Local(blobs) => Some(blobs.downloads()),
            Kind::Gcp(_) => None,
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
            WriterKind::Gcp(writer) => writer.write(chunk).await,
        }
    }

    /// Makes the blob appear under its key, whole and safe on disk. A key is written once in this way; what is to
    /// replace something goes through [`Blobs::put`] or [`Blobs::put_while`].
    ///
    /// # Errors
    /// The store cannot be written to; nothing is left behind then.
    pub async fn commit(self) -> Result<()> {
        match self.kind {
            WriterKind::Local(writer) => writer.commit().await,
            WriterKind::Gcp(writer) => writer.commit().await,
        }
    }
}

impl BlobReader {
    /// The next chunk, or `None` at the end.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        const CHUNK: usize = 64 * 1024;
        match &mut self.kind {
            ReaderKind::Local(file) => {
                let mut chunk = BytesMut::with_capacity(CHUNK);
                let read = file.read_buf(&mut chunk).await.context("cannot read a blob")?;
                Ok((read > 0).then(|| chunk.freeze()))
            }
            ReaderKind::Gcp(reader) => reader.next().await,
        }
    }
}
