//! One photo on its way in: each chunk is looked at, hashed and handed to storage as it arrives, and let go.

use bytes::Bytes;
use headshot_backend::{BackendError, BlobWriter, Blobs};
use headshot_core::upload::{Inspected, Inspector, Limits, Refusal};
use headshot_core::{BlobKey, JobId};
use sha2::{Digest, Sha256};
use tokio::task::yield_now;

use crate::error::problem::Problem;
use crate::http::body::{BodyError, UploadBody};
use crate::sha256;

/// A photo of which some chunks have arrived. Dropping it at any point leaves nothing in storage.
pub(crate) struct Intake {
    /// Where it goes, unless it is only looked at.
    store: Option<(Blobs, BlobKey)>,
    inspector: Inspector,
    hash: Sha256,
    /// What came before the type was known: a few bytes at most, as the type is in the first ones.
    held: Vec<Bytes>,
    writer: Option<BlobWriter>,
}

/// A photo that has arrived whole and that the inspector will have. One that came to be stored is not until
/// [`Received::commit`].
pub(crate) struct Received {
    pub(crate) inspected: Inspected,
    /// SHA-256 of the bytes, lower-case hex.
    pub(crate) sha256: String,
    writer: Option<BlobWriter>,
}

/// Why a photo has not arrived.
#[derive(Debug)]
pub(crate) enum PhotoError {
    /// The inspector refuses it.
    Refused(Refusal),
    /// Its body stopped short.
    Body(BodyError),
    /// Storage failed.
    Storage(BackendError),
}

impl Intake {
    /// Gets ready for the original of `job`.
    pub(crate) fn storing(blobs: Blobs, job: JobId, limits: Limits) -> Self {
        Self { store: Some((blobs, BlobKey::Original(job))), ..Self::looking(limits) }
    }

    /// Gets ready for a photo that is stored already, or that only has to be compared with one.
    pub(crate) fn looking(limits: Limits) -> Self {
        let inspector = Inspector::new(limits);
        Self { store: None, inspector, hash: Sha256::new(), held: Vec::new(), writer: None }
    }

    /// Takes a whole body for the photo. A chunk takes a tenth of a millisecond to hash, inspect and hand on; when a photo
    /// arrives faster than that, whoever waits for this thread has a turn after each.
    pub(crate) async fn read(mut self, mut body: UploadBody) -> Result<Received, PhotoError> {
        while let Some(chunk) = body.next().await? {
            self.push(chunk).await?;
            yield_now().await;
        }
        self.finish()
    }

    /// Takes the next chunk. Storage is touched only once the inspector knows what this is, which is what the blob's
    /// content type will be, whatever the client says it is.
    pub(crate) async fn push(&mut self, chunk: Bytes) -> Result<(), PhotoError> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.inspector.push(&chunk)?;
        self.hash.update(&chunk);
        let Some((blobs, key)) = &self.store else { return Ok(()) };
        self.held.push(chunk);
        let Some(format) = self.inspector.format() else { return Ok(()) };
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let begun = blobs.begin(*key, format.content_type()).await;
                none.insert(begun.map_err(PhotoError::Storage)?)
            }
        };
        for chunk in self.held.drain(..) {
            writer.write(chunk).await.map_err(PhotoError::Storage)?;
        }
        Ok(())
    }

    /// The photo has ended: whether it is one.
    pub(crate) fn finish(self) -> Result<Received, PhotoError> {
        let inspected = self.inspector.finish()?;
        if self.store.is_some() && self.writer.is_none() {
            return Err(Refusal::Empty.into());
        }
        Ok(Received { inspected, sha256: sha256::hex(self.hash), writer: self.writer })
    }
}

impl Received {
    /// Whether it is still to be stored for good.
    pub(crate) fn is_new(&self) -> bool {
        self.writer.is_some()
    }

    /// Stores the photo for good.
    pub(crate) async fn commit(self) -> Result<(), BackendError> {
        match self.writer {
            Some(writer) => writer.commit().await,
            None => Ok(()),
        }
    }
}

impl From<Refusal> for PhotoError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<BodyError> for PhotoError {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<PhotoError> for Problem {
    fn from(error: PhotoError) -> Self {
        match error {
            PhotoError::Refused(refusal) => refusal.into(),
            PhotoError::Body(error) => error.into(),
            PhotoError::Storage(cause) => Self::storage(cause),
        }
    }
}
