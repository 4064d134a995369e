//! One photo on its way in: each chunk is looked at, hashed and handed to storage as it arrives, and let go.

use bytes::Bytes;
use headshot_backend::{BlobWriter, Blobs};
use headshot_core::upload::{Inspected, Inspector, Limits};
use headshot_core::{BlobKey, JobId};
use sha2::{Digest, Sha256};
use tokio::task::yield_now;

use crate::body::UploadBody;
use crate::error::ApiError;
use crate::sha256;

/// A photo of which some chunks have arrived. Dropping it at any point leaves nothing in storage.
pub(crate) struct Intake {
    blobs: Blobs,
    key: BlobKey,
    inspector: Inspector,
    hash: Sha256,
    /// What came before the type was known: a few bytes at most, as the type is in the first ones.
    held: Vec<Bytes>,
    writer: Option<BlobWriter>,
}

/// A photo that has arrived whole and that the inspector will have. It is not stored until [`Received::commit`].
pub(crate) struct Received {
    pub(crate) inspected: Inspected,
    /// SHA-256 of the bytes, lower-case hex.
    pub(crate) sha256: String,
    writer: BlobWriter,
}

impl Intake {
    /// Gets ready for the original of `job`.
    pub(crate) fn new(blobs: Blobs, job: JobId, limits: Limits) -> Self {
        let (key, inspector) = (BlobKey::Original(job), Inspector::new(limits));
        Self { blobs, key, inspector, hash: Sha256::new(), held: Vec::new(), writer: None }
    }

    /// Takes a whole body for the photo. A chunk takes a tenth of a millisecond to hash, inspect and hand on; when a photo
    /// arrives faster than that, whoever waits for this thread has a turn after each.
    pub(crate) async fn read(mut self, mut body: UploadBody) -> Result<Received, ApiError> {
        while let Some(chunk) = body.next().await? {
            self.push(chunk).await?;
            yield_now().await;
        }
        self.finish()
    }

    /// Takes the next chunk. Storage is touched only once the inspector knows what this is, which is what the blob's
    /// content type will be, whatever the client says it is.
    pub(crate) async fn push(&mut self, chunk: Bytes) -> Result<(), ApiError> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.inspector.push(&chunk)?;
        self.hash.update(&chunk);
        self.held.push(chunk);
        let Some(format) = self.inspector.format() else { return Ok(()) };
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let begun = self.blobs.begin(self.key, format.content_type()).await;
                none.insert(begun.map_err(ApiError::storage)?)
            }
        };
        for chunk in self.held.drain(..) {
            writer.write(chunk).await.map_err(ApiError::storage)?;
        }
        Ok(())
    }

    /// The photo has ended: whether it is one.
    pub(crate) fn finish(self) -> Result<Received, ApiError> {
        let inspected = self.inspector.finish()?;
        let writer = self.writer.ok_or(headshot_core::upload::Refusal::Empty)?;
        Ok(Received { inspected, sha256: sha256::hex(self.hash), writer })
    }
}

impl Received {
    /// Stores the photo for good.
    pub(crate) async fn commit(self) -> anyhow::Result<()> {
        self.writer.commit().await
    }
}
