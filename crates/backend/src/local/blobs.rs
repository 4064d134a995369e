//! Blobs as plain files, which anybody can open with an image viewer. Their content types are rows of the database.
//!
//! Why rows: a header inside the file would spoil the plain file, a second file beside it cannot be renamed together
//! with the first, and extended attributes are missing on some file systems. A blob exists when its row does; the row is
//! written after the file is safe on disk and deleted before the file is, so a row never promises a file that a crash
//! took. As transactions reach the disk in order, a job's record, written later, never outlives its blobs.

use std::fs;
use std::future::{Ready, ready};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headshot_core::{BlobKey, Bucket, JobId};
use rusqlite::{Connection, OptionalExtension, Transaction};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::blocking::blocking;
use super::database::{Database, Durability};
use super::draft::{Cache, Draft, DraftWriter};
use super::folder::{Folder, bucket_name, create_folder, sync_folder};
use super::signing::Signer;
use crate::contract::blobs::{SignedUpload, StillMine, UploadTerms};
use crate::error::{Context, Result, ensure};

#[derive(Clone)]
pub(crate) struct LocalBlobs {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) folder: Folder,
    pub(super) database: Arc<Database>,
    signer: Signer,
}

pub(crate) struct LocalBlobWriter {
    pub(super) blobs: LocalBlobs,
    pub(super) key: BlobKey,
    pub(super) content_type: String,
    pub(super) file: DraftWriter,
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

impl LocalBlobs {
    pub(super) fn new(folder: Folder, database: Arc<Database>, signer: Signer) -> Self {
        Self { shared: Arc::new(Shared { folder, database, signer }) }
    }

    pub(crate) async fn begin(&self, key: BlobKey, content_type: &str) -> Result<LocalBlobWriter> {
        let cache = match key {
            BlobKey::Original(_) => Cache::Past,
            BlobKey::Artefact(..) | BlobKey::Matte(_) => Cache::Through,
        };
        let file = DraftWriter::create(self.new_draft(), cache).await?;
        Ok(LocalBlobWriter { blobs: self.clone(), key, content_type: content_type.to_owned(), file })
    }

    pub(crate) async fn put(&self, key: BlobKey, content_type: &str, bytes: Bytes) -> Result<()> {
        let mut writer = self.begin(key, content_type).await?;
        writer.write(bytes).await?;
        writer.commit().await
    }

    /// Nobody is asked: the workers run the same build on one machine, so that all of them store the same
    /// bytes, and a later write changes nothing.
    pub(crate) async fn put_while(
        &self,
        key: BlobKey,
        content_type: &str,
        bytes: Bytes,
        _still_mine: &StillMine<'_>,
    ) -> Result<bool> {
        self.put(key, content_type, bytes).await.map(|()| true)
    }

    pub(crate) async fn get(&self, key: BlobKey, limit: u64) -> Result<Option<Bytes>> {
        let Some(Download { file, len, .. }) = self.open(key).await? else { return Ok(None) };
        let path = self.path(key);
        ensure!(
            len <= limit,
            Damaged,
            "{} has {len} bytes, more than the {limit} that may be read",
            path.display()
        );
        let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
        file.take(len)
            .read_to_end(&mut bytes)
            .await
            .with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Some(bytes.into()))
    }

    pub(crate) async fn open(&self, key: BlobKey) -> Result<Option<Download>> {
        let Some(content_type) = self.content_type(key).await? else { return Ok(None) };
        let path = self.path(key);
        let context = || format!("cannot read {}", path.display());
        let file = match File::open(&path).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.with_context(context)?,
        };
        let len = file.metadata().await.with_context(context)?.len();
        Ok(Some(Download { file, content_type, len }))
    }

    pub(crate) async fn exists(&self, key: BlobKey) -> Result<bool> {
        Ok(self.content_type(key).await?.is_some())
    }

    pub(crate) async fn delete(&self, key: BlobKey) -> Result<()> {
        let name = name(key);
        let forget = move |transaction: &Transaction<'_>| {
            transaction.prepare_cached("DELETE FROM blobs WHERE name = ?1")?.execute([name])?;
            Ok(())
        };
        self.shared.database.write(Durability::Kill, forget).await?;
        let (path, root) = (self.path(key), self.shared.folder.bucket(key.bucket()));
        blocking(move || remove(&path, &root)).await
    }

    pub(crate) fn signed_url(&self, key: BlobKey, ttl: Duration) -> Ready<Result<String>> {
        ready(Ok(self.shared.signer.sign(key, ttl)))
    }

    pub(crate) fn links_begin_with(&self) -> String {
        self.shared.signer.links_begin_with(Bucket::Outputs)
    }

    pub(crate) fn signed_upload(&self, terms: &UploadTerms, ttl: Duration) -> Ready<Result<SignedUpload>> {
        let url = self.shared.signer.sign_upload(terms, ttl);
        ready(Ok(SignedUpload { url, headers: vec![("content-type", terms.content_type.clone())] }))
    }

    /// Writes and removes an empty file, which finds a full disk, a read-only one and missing permissions.
    pub(super) async fn check(&self) -> Result<()> {
        let probe = Draft::new(self.new_draft());
        let path = probe.path();
        tokio::fs::write(path, b"probe").await.with_context(|| format!("cannot write {}", path.display()))
    }

    /// A job id is as random as a name can be, and here it only has to be one that no other writer has.
    fn new_draft(&self) -> PathBuf {
        self.shared.folder.tmp().join(JobId::new().to_string())
    }

    /// Puts a whole file in its place and makes it a blob.
    fn place(&self, key: BlobKey, draft: &Path, content_type: &str) -> Result<()> {
        let (target, root) = (self.path(key), self.shared.folder.bucket(key.bucket()));
        place(draft, &target, &root)?;
        let remember = |transaction: &Transaction<'_>| {
            transaction
                .prepare_cached(
                    "INSERT INTO blobs (name, content_type) VALUES (?1, ?2) \
                     ON CONFLICT (name) DO UPDATE SET content_type = excluded.content_type",
                )?
                .execute([&name(key), content_type])?;
            Ok(())
        };
        let remembered = self.shared.database.write_blocking(Durability::Kill, remember);
        if remembered.is_err()
            && !matches!(self.shared.database.read_blocking(|c| type_of(c, key)), Ok(Some(_)))
        {
            // A full disk, most likely. The file is no blob without its row, so it must not take up space.
            let _ = remove(&target, &root);
        }
        remembered
    }

    /// Removes what killed processes were writing.
    pub(super) async fn remove_stale_drafts(&self) -> Result<()> {
        let folder = self.shared.folder.clone();
        blocking(move || folder.remove_stale_uploads()).await
    }

    pub(super) fn path(&self, key: BlobKey) -> PathBuf {
        self.shared.folder.blob(key)
    }

    pub(super) fn signer(&self) -> &Signer {
        &self.shared.signer
    }

    /// The content type of a blob; `None` when there is no such blob.
    pub(super) async fn content_type(&self, key: BlobKey) -> Result<Option<String>> {
        self.shared.database.read(move |connection| type_of(connection, key)).await
    }
}

impl LocalBlobWriter {
    pub(crate) async fn write(&mut self, chunk: Bytes) -> Result<()> {
        self.file.write(&chunk).await
    }

    pub(crate) async fn commit(self) -> Result<()> {
        let Self { blobs, key, content_type, file } = self;
        file.finish(move |draft| blobs.place(key, draft.path(), &content_type)).await
    }
}

/// Renames a whole file into place and makes the names on the way to it safe on disk.
pub(super) fn place(draft: &Path, target: &Path, root: &Path) -> Result<()> {
    let folder = target.parent().unwrap_or(root);
    let mut placed = Ok(());
    // A second try, because a deletion may remove the empty folder just before the file comes.
    for _ in 0..2 {
        create_folder(folder)?;
        placed = fs::rename(draft, target);
        if placed.is_ok() {
            break;
        }
    }
    placed.with_context(|| format!("cannot write {}", target.display()))?;
    for folder in folder.ancestors().take_while(|folder| folder.starts_with(root)) {
        sync_folder(folder)?;
    }
    Ok(())
}

/// Removes a file and the folders that become empty, up to but without `root`.
fn remove(path: &Path, root: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot delete {}", path.display()));
        }
        _ => {}
    }
    let folders = path.ancestors().skip(1).take_while(|folder| folder.starts_with(root) && *folder != root);
    // A folder that is not empty stays, which is the end of the climb and no error.
    let _: io::Result<()> = folders.into_iter().try_for_each(fs::remove_dir);
    Ok(())
}

pub(super) fn type_of(connection: &Connection, key: BlobKey) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT content_type FROM blobs WHERE name = ?1")?;
    Ok(statement.query_row([name(key)], |row| row.get(0)).optional()?)
}

pub(super) fn name(key: BlobKey) -> String {
    format!("{}/{}", bucket_name(key.bucket()), key.path())
}
