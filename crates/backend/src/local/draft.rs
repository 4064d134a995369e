//! Files that are being written, from beginning to end and once.
//!
//! An original is written past the page cache where the file system can do that. Photos arrive in a stream that is read
//! once, perhaps much later; in the page cache each would push out what others need, would be copied once more, and would
//! take memory that a virtual machine has not used yet, where writing costs several times as much.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use tokio::task::JoinHandle;

use super::blocking::blocking;
use crate::error::{Context, Result};

/// Small chunks from the network are gathered up to this size: each write is a journey to another thread and back. A
/// multiple of [`BLOCK`].
const BUFFER: usize = 256 * 1024;

/// What addresses, offsets and lengths have to be multiples of past the page cache. No file system asks for more.
const BLOCK: usize = 4096;

/// A file that disappears with this value unless it has been renamed away.
pub(super) struct Draft {
    path: PathBuf,
}

/// Writes one buffer while the next is filled.
pub(super) struct DraftWriter {
    draft: Draft,
    file: Arc<File>,
    filling: Buffer,
    writing: Option<JoinHandle<io::Result<Buffer>>>,
}

/// Whether a file goes through the page cache.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cache {
    Through,
    Past,
}

impl Draft {
    /// Names a file that is not there yet.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn describe(&self) -> String {
        format!("cannot write {}", self.path.display())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a rename there is nothing of that name, and a left-over is cleared away at a later start.
        let _ = fs::remove_file(&self.path);
    }
}

impl DraftWriter {
    /// Creates the file, for this user's eyes only.
    pub(super) async fn create(path: PathBuf, cache: Cache) -> Result<Self> {
        blocking(move || {
            let draft = Draft::new(path);
            let file = create(draft.path(), cache)
                .with_context(|| format!("cannot create {}", draft.path().display()))?;
            Ok(Self { draft, file: Arc::new(file), filling: Buffer::new(), writing: None })
        })
        .await
    }

    pub(super) async fn write(&mut self, mut chunk: &[u8]) -> Result<()> {
        while !chunk.is_empty() {
            chunk = self.filling.take_from(chunk);
            if self.filling.is_full() {
                let empty = self.written().await?.unwrap_or_else(Buffer::new);
                let full = std::mem::replace(&mut self.filling, empty);
                let file = self.file.clone();
                self.writing = Some(tokio::task::spawn_blocking(move || full.write_to(&file)));
            }
        }
        Ok(())
    }

    /// Writes what is left and flushes the file to the disk, on a thread that may block, and goes on with `then` there: in
    /// one piece, so that a caller that is cancelled cannot part the two.
    pub(super) async fn finish<T: Send + 'static>(
        mut self,
        then: impl FnOnce(&Draft) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.written().await?;
        let Self { draft, file, filling, .. } = self;
        blocking(move || {
            let written = filling.write_to(&file).and_then(|_| file.sync_all());
            written.with_context(|| draft.describe())?;
            then(&draft)
        })
        .await
    }

    /// Waits for the write that is under way; its buffer, empty again.
    async fn written(&mut self) -> Result<Option<Buffer>> {
        let Some(writing) = self.writing.take() else { return Ok(None) };
        let written = writing.await.context("a storage operation broke off")?;
        written.map(Some).with_context(|| self.draft.describe())
    }
}

fn create(path: &Path, cache: Cache) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true).mode(0o600);
    if cache == Cache::Past {
        let flags = i32::try_from(OFlags::DIRECT.bits()).map_err(io::Error::other)?;
        match options.clone().custom_flags(flags).open(path) {
            // A file system that cannot, in memory for instance. It may have made the file before it said so.
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                let _ = fs::remove_file(path);
            }
            opened => return opened,
        }
    }
    options.open(path)
}

/// Memory whose address is a multiple of [`BLOCK`].
struct Buffer {
    memory: Vec<u8>,
    start: usize,
    len: usize,
}

impl Buffer {
    fn new() -> Self {
        let memory = vec![0; BUFFER + BLOCK];
        // `align_offset` may decline; then the file is told to go through the page cache at the first write.
        let start = memory.as_ptr().align_offset(BLOCK).min(BLOCK);
        Self { memory, start, len: 0 }
    }

    fn is_full(&self) -> bool {
        self.len == BUFFER
    }

    /// Copies what there is room for; the rest.
    fn take_from<'a>(&mut self, chunk: &'a [u8]) -> &'a [u8] {
        let (now, rest) = chunk.split_at(chunk.len().min(BUFFER - self.len));
        let from = self.start + self.len;
        self.memory[from..from + now.len()].copy_from_slice(now);
        self.len += now.len();
        rest
    }

    /// Writes the whole blocks as the file was opened, and the rest, which only the end of a file has, through the page
    /// cache. Gives the buffer back empty.
    fn write_to(mut self, mut file: &File) -> io::Result<Self> {
        let bytes = &self.memory[self.start..self.start + self.len];
        let (blocks, rest) = bytes.split_at(bytes.len() - bytes.len() % BLOCK);
        match file.write_all(blocks) {
            // The file system is pickier than it said. Nothing of this write has happened then.
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                go_through_cache(file)?;
                file.write_all(blocks)?;
            }
            written => written?,
        }
        if !rest.is_empty() {
            go_through_cache(file)?;
            file.write_all(rest)?;
        }
        self.len = 0;
        Ok(self)
    }
}

fn go_through_cache(file: &File) -> io::Result<()> {
    Ok(fcntl_setfl(file, fcntl_getfl(file)?.difference(OFlags::DIRECT))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn comes_back(folder: &Path, cache: Cache) {
        let whole: Vec<u8> = (0..3 * BUFFER + 5000).map(|i| (i * 7 + i / 251) as u8).collect();
        let lengths =
            [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, BUFFER - 1, BUFFER, BUFFER + 1, 2 * BUFFER, whole.len()];
        for length in lengths {
            for chunk in [1000, BLOCK, BUFFER, whole.len()] {
                let mut writer = DraftWriter::create(folder.join("draft"), cache).await.unwrap();
                for chunk in whole[..length].chunks(chunk) {
                    writer.write(chunk).await.unwrap();
                }
                let kept = folder.join("kept");
                let to = kept.clone();
                writer.finish(move |draft| Ok(fs::rename(draft.path(), to)?)).await.unwrap();
                assert_eq!(fs::read(&kept).unwrap(), &whole[..length], "{length} bytes in chunks of {chunk}");
            }
        }
        assert!(!folder.join("draft").exists());
    }

    #[tokio::test]
    async fn what_was_written_comes_back_whatever_its_length() {
        // The target folder is on a disk, as a temporary folder need not be.
        let on_disk = tempfile::TempDir::new_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        comes_back(on_disk.path(), Cache::Past).await;
        comes_back(on_disk.path(), Cache::Through).await;
    }

    #[tokio::test]
    async fn a_file_system_in_memory_will_do() {
        let Ok(in_memory) = tempfile::TempDir::new_in("/dev/shm") else {
            eprintln!("SKIPPED: there is no /dev/shm here");
            return;
        };
        comes_back(in_memory.path(), Cache::Past).await;
    }

    #[tokio::test]
    async fn a_draft_that_is_dropped_leaves_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut writer = DraftWriter::create(folder.path().join("draft"), Cache::Past).await.unwrap();
        writer.write(&vec![1; 3 * BUFFER]).await.unwrap();
        drop(writer);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
