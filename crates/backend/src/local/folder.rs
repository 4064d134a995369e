//! The data directory itself: its layout, its lock, its key, its left-overs.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use headshot_core::{BlobKey, Bucket};
use tracing::{info, warn};

use crate::error::{Context, Result, bail, ensure};

/// Uploads that no process has written to for so long belong to a process that was killed.
const STALE: Duration = Duration::from_secs(60 * 60);

const KEY_BYTES: usize = 32;

#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Creates what is missing, for this user's eyes only: the photos show customers' homes.
    pub(super) fn create(root: &Path) -> Result<Self> {
        let folder = Self { root: root.to_owned() };
        for dir in
            [root.to_owned(), folder.bucket(Bucket::Originals), folder.bucket(Bucket::Outputs), folder.tmp()]
        {
            create_folder(&dir)?;
        }
        Ok(folder)
    }

    pub(super) fn database(&self) -> PathBuf {
        self.root.join("headshot.sqlite3")
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(super) fn bucket(&self, bucket: Bucket) -> PathBuf {
        self.root.join("blobs").join(bucket_name(bucket))
    }

    pub(super) fn blob(&self, key: BlobKey) -> PathBuf {
        self.bucket(key.bucket()).join(key.path())
    }

    /// Waits for and takes the directory's lock, which the operating system drops with the process.
    pub(super) fn lock(&self) -> Result<File> {
        let path = self.root.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot write to the data directory: {}", path.display()))?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }

    /// Makes the directory's own entries safe on disk.
    pub(super) fn sync(&self) -> Result<()> {
        sync_folder(&self.root.join("blobs"))?;
        sync_folder(&self.root)
    }

    /// Refuses a file system on which SQLite's locks and shared memory do not work between machines.
    pub(super) fn refuse_network(&self) -> Result<()> {
        let found = rustix::fs::statfs(&self.root).map(|found| network(found.f_type));
        // A kernel that does not say is no reason not to start.
        if let Ok(Some(name)) = found {
            bail!(
                Denied,
                "the data directory {} is on a network file system ({name}), where SQLite's write-ahead log loses data; \
                 DATA_DIR must be on a disk of this machine",
                self.root.display()
            );
        }
        Ok(())
    }

    /// Removes what killed processes were writing.
    pub(super) fn remove_stale_uploads(&self) -> Result<()> {
        let tmp = self.tmp();
        let entries = fs::read_dir(&tmp).with_context(|| format!("cannot list {}", tmp.display()))?;
        for entry in entries.flatten() {
            let age = entry.metadata().and_then(|m| m.modified()).map(|at| at.elapsed().unwrap_or_default());
            if age.is_ok_and(|age| age > STALE) {
                info!(file = %entry.path().display(), "removing what a killed process left half-written");
                // Another process may have been quicker, and a file that stays costs only space.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Reads the key that signs URLs, or makes it. Call it under the lock.
    pub(super) fn signing_key(&self) -> Result<Vec<u8>> {
        let path = self.root.join("signing.key");
        let context = || format!("cannot read or create the signing key {}", path.display());
        match fs::read(&path) {
            Ok(key) => {
                ensure!(
                    key.len() == KEY_BYTES,
                    Damaged,
                    "the signing key {} has {} bytes instead of {KEY_BYTES}; delete it to have a new one made \
                     (URLs given out so far then stop working)",
                    path.display(),
                    key.len()
                );
                self.keep_secret(&path).with_context(context)?;
                Ok(key)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.new_signing_key(&path).with_context(context)
            }
            Err(error) => Err(error).with_context(context),
        }
    }

    fn new_signing_key(&self, path: &Path) -> Result<Vec<u8>> {
        let mut key = vec![0; KEY_BYTES];
        getrandom::fill(&mut key).context("the operating system gives no random numbers")?;
        // Written beside and renamed, so that a process killed half-way leaves no half key.
        let draft = self.tmp().join("signing.key");
        let _ = fs::remove_file(&draft);
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&draft)?;
        file.write_all(&key)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        Ok(key)
    }

    /// A key that others could read (a copied directory, a restored backup) is closed to them again.
    fn keep_secret(&self, path: &Path) -> std::io::Result<()> {
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            warn!(file = %path.display(), "the signing key could be read by other users; closing it to them");
            fs::set_permissions(path, Permissions::from_mode(0o600))?;
        }
        Ok(())
    }
}

/// The network file system that has this magic number (Linux, `statfs(2)`).
fn network(magic: i64) -> Option<&'static str> {
    // Some are wider than others, and signed on some machines.
    match magic & 0xffff_ffff {
        0x6969 => Some("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("SMB"),
        0x00c3_6400 => Some("Ceph"),
        0x5346_414f | 0x6b41_4653 => Some("AFS"),
        0x0bd0_0bd0 => Some("Lustre"),
        0x0116_1970 => Some("GFS2"),
        _ => None,
    }
}

/// The name of a bucket in folders and URLs.
pub(super) fn bucket_name(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Originals => "originals",
        Bucket::Outputs => "outputs",
    }
}

pub(super) fn create_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot create the folder {}", path.display()))
}

/// Makes the entries of `folder` safe on disk: a file is only there after a power cut if its folder knows it.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .with_context(|| format!("cannot flush the folder {} to disk", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_another_machine_is_told_from_a_disk() {
        assert_eq!(network(0x6969), Some("NFS"));
        // CIFS, as a signed number of 32 bits and as one of 64.
        assert_eq!((network(-0x00ac_b2be), network(0xff53_4d42)), (Some("SMB"), Some("SMB")));
        for disk in [0xef53, 0x9123_683e, 0x0102_1994, 0x5846_5342, 0x794c_7630] {
            assert_eq!(network(disk), None, "{disk:#x}");
        }
        let here = tempfile::TempDir::new().expect("a temporary folder");
        Folder::create(here.path()).expect("a folder").refuse_network().expect("a disk of this machine");
    }
}
