use std::path::Path;

use bytes::Bytes;
use headshot_core::BlobKey;
use rusqlite::Transaction;

use super::blobs::{LocalBlobWriter, LocalBlobs, name, place, type_of};
use super::database::Durability;
use super::upload_rows;
use crate::contract::blobs::{DownloadRefused, UploadTerms};
use crate::error::Result;

/// What the API needs to take what is put with the links that [`crate::Blobs::signed_upload`] gives on the local backend.
#[derive(Clone)]
pub struct LocalUploads {
    blobs: LocalBlobs,
}

/// A blob that is being put.
pub struct LocalUpload {
    writer: LocalBlobWriter,
}

impl LocalBlobs {
    pub(crate) fn uploads(&self) -> LocalUploads {
        LocalUploads { blobs: self.clone() }
    }

    /// The same for a photo that is put with a link, which takes one only, and only while it is expected.
    /// Several may be sent at a time: under the write lock one of them finds the place empty. Whatever it
    /// held by accident is no blob.
    fn place_expected(&self, key: BlobKey, draft: &Path, content_type: &str) -> Result<bool> {
        let (target, root) = (self.path(key), self.shared.folder.bucket(key.bucket()));
        let place = |transaction: &Transaction<'_>| {
            if type_of(transaction, key)?.is_some() || upload_rows::load(transaction, key.job_id())?.is_none()
            {
                return Ok(false);
            }
            place(draft, &target, &root)?;
            transaction
                .prepare_cached("INSERT INTO blobs (name, content_type) VALUES (?1, ?2)")?
                .execute([&name(key), content_type])?;
            Ok(true)
        };
        self.shared.database.write_blocking(Durability::Kill, place)
    }
}

impl LocalBlobWriter {
    /// Where an announced photo is still expected, and there is none; `false` otherwise.
    pub(super) async fn commit_expected(self) -> Result<bool> {
        let Self { blobs, key, content_type, file } = self;
        file.finish(move |draft| blobs.place_expected(key, draft.path(), &content_type)).await
    }
}

impl LocalUploads {
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
