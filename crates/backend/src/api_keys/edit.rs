//! Changing the file of keys, as `headshot-api keys` does.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use headshot_core::Tenant;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::grants::{Key, Keys};
use super::key::{FreshKey, KeyHash};
use super::scope::{Scope, Scopes};
use crate::error::{BackendError, Context, Result, bail, ensure};

/// The text of a file of keys, to be changed. Whatever it holds beside keys stays as it is.
#[derive(Clone)]
pub struct KeysEdit {
    document: Value,
    keys: Keys,
}

/// What a new key is to be.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Whose jobs it opens.
    pub tenant: Tenant,
    /// Which calls it allows.
    pub scopes: Scopes,
    /// Calls that make work, a minute.
    pub rate_per_minute: Option<u32>,
    /// Photos a calendar month.
    pub monthly_quota: Option<u64>,
    /// Anything that tells people which one it is.
    pub label: Option<String>,
}

/// A key as it is listed, without its secret.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is the file's field of that name")]
pub struct KeyInfo {
    pub id: String,
    pub tenant: Tenant,
    pub scopes: Scopes,
    pub rate_per_minute: Option<u32>,
    pub monthly_quota: Option<u64>,
    pub label: Option<String>,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

impl KeysEdit {
    /// Reads a file's text; no text at all is a file without keys.
    ///
    /// # Errors
    /// All that is wrong with it. It is not changed as long as anything is.
    pub fn parse(text: &[u8]) -> Result<Self> {
        if text.trim_ascii().is_empty() {
            return Ok(Self { document: json!({"keys": []}), keys: Keys::default() });
        }
        let keys = Keys::parse(text)?;
        let document = serde_json::from_slice(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text))?;
        Ok(Self { document, keys })
    }

    /// Reads a file; one that does not exist has no keys.
    ///
    /// # Errors
    /// It cannot be read or something is wrong with it.
    pub fn read(path: &Path) -> Result<Self> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Self::parse(&text).with_context(|| format!("cannot use {}", path.display()))
    }

    /// Changes the file at `path`, which is created if it is missing: for this user's eyes only, at one stroke, and one
    /// process after the other.
    ///
    /// # Errors
    /// `change` fails, which leaves the file as it is, or the file cannot be read or written.
    pub fn change<T>(path: &Path, change: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let _lock = lock(path)?;
        let mut file = Self::read(path)?;
        let answer = change(&mut file)?;
        replace(path, file.text()?.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(answer)
    }

    /// The text, to be written back.
    ///
    /// # Errors
    /// A defect of ours: what was changed does not read back.
    pub fn text(&self) -> Result<String> {
        let mut text = serde_json::to_string_pretty(&self.document)?;
        text.push('\n');
        Keys::parse(text.as_bytes()).context("the changed file would not be valid")?;
        Ok(text)
    }

    /// Makes a key and keeps its hash. What comes back is the only copy of the key's text; the id is in it.
    ///
    /// # Errors
    /// The system gives no random numbers, or the key is none that could be used.
    pub fn create(&mut self, new: &NewKey, now: Timestamp) -> Result<String> {
        self.create_many(new, 1, now)?
            .pop()
            .ok_or_else(|| BackendError::Unavailable("no key was made".into()))
    }

    /// Makes several alike.
    ///
    /// # Errors
    /// As for one.
    pub fn create_many(&mut self, new: &NewKey, count: usize, now: Timestamp) -> Result<Vec<String>> {
        ensure!(!new.scopes.is_empty(), Conflict, "a key without a scope opens nothing");
        let fresh = (0..count).map(|_| FreshKey::make()).collect::<Result<Vec<_>>>()?;
        self.entries()?.extend(fresh.iter().map(|key| entry(key, new, now)));
        self.keys = Keys::parse(self.text()?.as_bytes())?;
        Ok(fresh.into_iter().map(|key| key.text).collect())
    }

    /// Revokes a key as of `at`. Its entry stays, so that the id still means something in old logs. `false` when it was
    /// revoked before.
    ///
    /// # Errors
    /// There is no such key.
    pub fn revoke(&mut self, id: &str, at: Timestamp) -> Result<bool> {
        let Some(key) = self.keys.keys.get(id) else {
            bail!(NotFound, "there is no key with the id {id:?}; `headshot-api keys list` shows all of them");
        };
        if key.is_revoked(at) {
            return Ok(false);
        }
        for entry in self.entries()? {
            if entry["id"] == id {
                entry["revoked_at"] = json!(to_the_second(at));
            }
        }
        self.keys = Keys::parse(self.text()?.as_bytes())?;
        Ok(true)
    }

    /// Every key, oldest first.
    pub fn list(&self) -> Vec<KeyInfo> {
        let mut keys: Vec<_> = self.keys.keys.values().map(info).collect();
        keys.sort_by(|one, two| (one.created_at, &one.id).cmp(&(two.created_at, &two.id)));
        keys
    }

    fn entries(&mut self) -> Result<&mut Vec<Value>> {
        let document = self.document.as_object_mut();
        let document = document.ok_or_else(|| BackendError::Damaged("the file is no object".into()))?;
        let keys = document.entry("keys").or_insert_with(|| json!([]));
        if keys.is_null() {
            *keys = json!([]);
        }
        keys.as_array_mut().ok_or_else(|| BackendError::Damaged("its keys are no list".into()))
    }
}

fn entry(key: &FreshKey, new: &NewKey, now: Timestamp) -> Value {
    let mut entry = json!({
        "id": key.id,
        "tenant": new.tenant,
        "hash": KeyHash::of(&key.text).to_string(),
        "scopes": new.scopes.iter().map(Scope::as_str).collect::<Vec<_>>(),
        "rate_per_minute": new.rate_per_minute,
        "monthly_quota": new.monthly_quota,
        "created_at": to_the_second(now),
        "revoked_at": null,
    });
    if let Some(label) = &new.label {
        entry["label"] = json!(label);
    }
    entry
}

fn info(key: &Key) -> KeyInfo {
    KeyInfo {
        id: key.grant.id.clone(),
        tenant: key.grant.tenant.clone(),
        scopes: key.grant.scopes,
        rate_per_minute: key.grant.rate_per_minute,
        monthly_quota: key.grant.monthly_quota,
        label: key.label.clone(),
        created_at: key.created_at,
        revoked_at: key.revoked_at,
    }
}

/// Rounded down, so that what is revoked now is revoked at once.
fn to_the_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// The lock is a file of its own: the file of keys is another one after each change.
fn lock(path: &Path) -> Result<File> {
    let lock = beside(path, ".lock");
    let open = || -> std::io::Result<File> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock)?;
        file.lock()?;
        Ok(file)
    };
    open().with_context(|| format!("cannot lock {}", lock.display()))
}

/// Written beside and renamed: whoever reads sees the old file or the new one, and so does whoever starts after a crash.
fn replace(path: &Path, text: &[u8]) -> Result<()> {
    let draft = beside(path, ".new");
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&draft)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::thread;

    use super::*;

    fn new(label: &str) -> NewKey {
        NewKey {
            tenant: "acme".parse().unwrap(),
            scopes: Scopes::ALL_BUT_ADMIN,
            rate_per_minute: Some(60),
            monthly_quota: None,
            label: Some(label.into()),
        }
    }

    #[test]
    fn a_key_is_made_listed_used_and_revoked_and_its_text_is_never_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let now = Timestamp::now();
        let text = KeysEdit::change(&path, |file| file.create(&new("one"), now)).unwrap();
        let stored = fs::read_to_string(&path).unwrap();
        assert!(!stored.contains(text.rsplit_once('_').unwrap().1));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        let keys = KeysEdit::read(&path).unwrap().list();
        let [key] = &keys[..] else { panic!("{keys:?}") };
        assert_eq!(
            (key.label.as_deref(), key.rate_per_minute, key.revoked_at),
            (Some("one"), Some(60), None)
        );
        assert!(text.starts_with(&format!("hs_{}_", key.id)));
        let holder = |at| Keys::parse(&fs::read(&path).unwrap()).unwrap().holder(&text, at);
        assert_eq!(holder(now).unwrap().id, key.id);

        assert!(KeysEdit::change(&path, |file| file.revoke(&key.id, now)).unwrap());
        assert!(!KeysEdit::change(&path, |file| file.revoke(&key.id, now)).unwrap());
        assert_eq!(holder(now), None, "it is revoked at once");
        assert!(KeysEdit::change(&path, |file| file.revoke("k_nobody", now)).is_err());
    }

    #[test]
    fn keys_made_at_the_same_time_are_all_there_and_the_rest_of_the_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let webhook =
            "{\"url\": \"https://a.example\", \"secrets\": [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]}";
        fs::write(&path, format!("{{\"tenants\": {{\"acme\": {{\"webhook\": {webhook}}}}}}}")).unwrap();
        thread::scope(|scope| {
            for number in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    let label = format!("number {number}");
                    KeysEdit::change(path, |file| file.create(&new(&label), Timestamp::now())).unwrap()
                });
            }
        });
        let keys = Keys::parse(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(keys.count(Timestamp::now()), (8, 0));
        let webhook = keys.webhook(&"acme".parse().unwrap()).unwrap();
        assert_eq!(webhook.url.as_ref().unwrap().as_str(), "https://a.example/");
        assert_eq!(webhook.secrets.len(), 1);
    }

    #[test]
    fn a_file_with_anything_wrong_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        fs::write(&path, "{\"keys\": [{}]}").unwrap();
        let refused = KeysEdit::change(&path, |file| file.create(&new("one"), Timestamp::now()));
        assert!(format!("{:#}", refused.unwrap_err()).contains("keys[0].id must be"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"keys\": [{}]}");
    }
}
