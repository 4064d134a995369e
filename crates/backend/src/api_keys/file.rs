use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::{info, warn};

use super::grants::Keys;
use super::parse::LARGEST;
use crate::error::{Context, Result, ensure};

/// The least time between two looks at the file.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The file is read at least so often, whatever its date and size say: the secrets that Cloud Run mounts are fetched anew
/// when they are read, and do not tell that they have changed before.
const READ_EVERY: Duration = Duration::from_secs(60);

/// How long a caller waits for a file that has not been looked at for long, as in a process that slept: a key that was
/// revoked meanwhile must not open once more.
const PATIENCE: Duration = Duration::from_secs(2);

/// The file of keys, read again when it has changed.
///
/// It is looked at when somebody asks for what it says, not by the clock: an instance of Cloud Run that answers nobody has
/// no time to itself.
pub struct KeysFile {
    path: PathBuf,
    opened: Instant,
    current: RwLock<Arc<Keys>>,
    /// Milliseconds from `opened` to the last look.
    looked: AtomicU64,
    /// Held by whoever looks.
    seen: Arc<Mutex<Seen>>,
}

/// What the file was like when it was last looked at.
struct Seen {
    stamp: Option<Stamp>,
    read: Instant,
    content: [u8; 32],
    /// The reason that has been logged, so that it is logged once.
    complaint: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
}

impl KeysFile {
    /// Reads the file for the first time. Call it where it may block.
    ///
    /// # Errors
    /// It cannot be read, or something is wrong with it; the message names all of it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Arc<Self>> {
        let (path, now) = (path.into(), Instant::now());
        let (text, stamp) = read(&path)?;
        let keys = Keys::parse(&text).with_context(|| format!("cannot use {}", path.display()))?;
        let seen = Seen { stamp, read: now, content: Sha256::digest(&text).into(), complaint: None };
        Ok(Arc::new(Self {
            path,
            opened: now,
            current: RwLock::new(Arc::new(keys)),
            looked: AtomicU64::new(0),
            seen: Arc::new(Mutex::new(seen)),
        }))
    }

    /// What the file says: as of a few seconds ago at most, and as it last was when it made sense.
    pub async fn current(self: &Arc<Self>) -> Arc<Keys> {
        let age =
            self.opened.elapsed().saturating_sub(Duration::from_millis(self.looked.load(Ordering::Relaxed)));
        if age >= LOOK_EVERY
            && let Ok(seen) = self.seen.clone().try_lock_owned()
        {
            let file = self.clone();
            let look = spawn_blocking(move || file.look(seen));
            if age >= READ_EVERY {
                // A file that cannot be read in time is one that has not changed.
                let _ = timeout(PATIENCE, look).await;
            }
        }
        self.last()
    }

    /// Looks at the file now, whenever it was last looked at. Call it where it may block.
    pub fn refresh(&self) {
        let seen = self.seen.clone().blocking_lock_owned();
        self.look(seen);
    }

    fn last(&self) -> Arc<Keys> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn look(&self, mut seen: OwnedMutexGuard<Seen>) {
        let outcome = self.read_if_changed(&mut seen);
        let looked = self.opened.elapsed().as_millis();
        self.looked.store(u64::try_from(looked).unwrap_or(u64::MAX), Ordering::Relaxed);
        let complaint = match outcome {
            Ok(None) => return,
            Ok(Some(keys)) => {
                let (count, service_accounts) = keys.count(Timestamp::now());
                info!(keys = count, service_accounts, "the file of keys has changed and was read again");
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                None
            }
            Err(error) => Some(format!("{error:#}")),
        };
        if complaint != seen.complaint
            && let Some(reason) = &complaint
        {
            warn!(reason, "the file of keys cannot be used; what it said before still holds");
        }
        seen.complaint = complaint;
    }

    fn read_if_changed(&self, seen: &mut Seen) -> Result<Option<Keys>> {
        let same = fs::metadata(&self.path).is_ok_and(|found| seen.stamp == Some(Stamp::of(&found)));
        if same && seen.read.elapsed() < READ_EVERY {
            return Ok(None);
        }
        let (text, stamp) = read(&self.path)?;
        (seen.stamp, seen.read) = (stamp, Instant::now());
        let content = Sha256::digest(&text).into();
        // A file that is back, as it last made sense, is no longer to be complained of.
        if content == seen.content && seen.complaint.is_none() {
            return Ok(None);
        }
        let keys = Keys::parse(&text).with_context(|| format!("cannot use {}", self.path.display()))?;
        seen.content = content;
        Ok(Some(keys))
    }
}

/// A file that is being written to while it is read is read again at the next look, since its stamp is the earlier one.
fn read(path: &Path) -> Result<(Vec<u8>, Option<Stamp>)> {
    let open = || -> std::io::Result<_> {
        let file = File::open(path)?;
        let stamp = file.metadata().ok().map(|found| Stamp::of(&found));
        let mut text = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut text)?;
        Ok((text, stamp))
    };
    let (text, stamp) = open().with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(
        text.len() as u64 <= LARGEST,
        Damaged,
        "{} has more than {LARGEST} bytes and can be no file of keys",
        path.display()
    );
    Ok((text, stamp))
}

impl Stamp {
    fn of(found: &Metadata) -> Self {
        Self { modified: found.modified().ok(), len: found.len() }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::write;

    use serde_json::json;

    use super::*;
    use crate::api_keys::key::{FreshKey, KeyHash};

    fn content(keys: &[&FreshKey]) -> String {
        let entry = |key: &&FreshKey| {
            let hash = KeyHash::of(&key.text).to_string();
            json!({"id": key.id, "tenant": "acme", "hash": hash, "scopes": ["read"], "created_at": "2026-01-01T00:00:00Z"})
        };
        json!({"keys": keys.iter().map(entry).collect::<Vec<_>>()}).to_string()
    }

    #[test]
    fn a_change_is_seen_and_what_makes_no_sense_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let (one, two) = (FreshKey::make().unwrap(), FreshKey::make().unwrap());
        write(&path, content(&[&one])).unwrap();
        let file = KeysFile::open(&path).unwrap();
        let knows = |key: &FreshKey| file.last().holder(&key.text, Timestamp::now()).is_some();
        assert!(knows(&one) && !knows(&two));

        write(&path, content(&[&one, &two])).unwrap();
        file.refresh();
        assert!(knows(&one) && knows(&two));

        for broken in ["", "{\"keys\": [{}]}"] {
            write(&path, broken).unwrap();
            file.refresh();
            assert!(knows(&one) && knows(&two));
            assert!(file.seen.blocking_lock().complaint.is_some());
        }
        fs::remove_file(&path).unwrap();
        file.refresh();
        assert!(knows(&one) && knows(&two));

        write(&path, content(&[&two])).unwrap();
        file.refresh();
        assert!(!knows(&one) && knows(&two));
        assert_eq!(file.seen.blocking_lock().complaint, None);
    }

    #[test]
    fn a_file_that_is_missing_or_makes_no_sense_at_the_start_is_refused_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let refused = |path: &Path| format!("{:#}", KeysFile::open(path).err().unwrap());
        assert!(refused(&path).contains("keys.json"));
        write(&path, "{\"keys\": [{}]}").unwrap();
        let complaint = refused(&path);
        assert!(
            complaint.contains("keys.json") && complaint.contains("keys[0].tenant must be"),
            "{complaint}"
        );
    }
}
