//! The objects: a file of bytes and a file of JSON each, named by generation, and an index of them in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::answer::Problem;
use crate::preconditions::Preconditions;

/// One object, as its metadata describe it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) name: String,
    pub(crate) generation: i64,
    pub(crate) metageneration: i64,
    pub(crate) content_type: String,
    pub(crate) cache_control: String,
    pub(crate) content_disposition: String,
    pub(crate) size: u64,
    pub(crate) crc32c: u32,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

/// What a writer says about an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Described {
    pub(crate) content_type: String,
    pub(crate) cache_control: String,
    pub(crate) content_disposition: String,
    /// The checksum that the writer expects, if it said one.
    pub(crate) crc32c: Option<u32>,
}

/// Bytes on their way to become an object; gone with this value unless [`Store::finish`] takes them.
pub(crate) struct Draft {
    path: PathBuf,
    file: BufWriter<File>,
    pub(crate) size: u64,
    crc32c: u32,
}

pub(crate) struct Store {
    folder: PathBuf,
    index: Mutex<Index>,
    drafts: AtomicU64,
    writes: AtomicU64,
}

#[derive(Default)]
struct Index {
    buckets: BTreeSet<String>,
    objects: BTreeMap<(String, String), Arc<Object>>,
    last_generation: i64,
}

impl Store {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("buckets"))
            .with_context(|| format!("creating {}", folder.display()))?;
        let mut index = Index::default();
        for entry in fs::read_dir(folder.join("buckets"))? {
            index.buckets.insert(entry?.file_name().to_string_lossy().into_owned());
        }
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("draft") => fs::remove_file(&path)?,
                Some("json") => {
                    let object: Object = serde_json::from_slice(&fs::read(&path)?)
                        .with_context(|| format!("reading {}", path.display()))?;
                    index.last_generation = index.last_generation.max(object.generation);
                    let key = (object.bucket.clone(), object.name.clone());
                    // Two generations of one object are what a kill between two steps leaves behind.
                    if index.objects.get(&key).is_none_or(|other| other.generation < object.generation) {
                        index.objects.insert(key, Arc::new(object));
                    }
                }
                _ => {}
            }
        }
        let (drafts, writes) = (AtomicU64::default(), AtomicU64::default());
        Ok(Self { folder: folder.to_owned(), index: Mutex::new(index), drafts, writes })
    }

    pub(crate) fn create_bucket(&self, name: &str) -> Result<()> {
        anyhow::ensure!(!name.is_empty() && !name.contains('/'), "{name:?} is no name of a bucket");
        fs::create_dir_all(self.folder.join("buckets").join(name))?;
        self.index().buckets.insert(name.to_owned());
        Ok(())
    }

    pub(crate) fn draft(&self) -> Result<Draft, Problem> {
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{number}.draft"));
        let file = BufWriter::with_capacity(256 * 1024, File::create(&path)?);
        Ok(Draft { path, file, size: 0, crc32c: 0 })
    }

    /// Makes a draft the object of that name, if the preconditions hold at this very moment.
    pub(crate) fn finish(
        &self,
        mut draft: Draft,
        (bucket, name): (&str, &str),
        described: &Described,
        preconditions: Preconditions,
    ) -> Result<Arc<Object>, Problem> {
        draft.file.flush()?;
        if described.crc32c.is_some_and(|expected| expected != draft.crc32c) {
            return Err(Problem::bad_request("Provided CRC32C does not match the calculated one."));
        }
        let mut index = self.index();
        let old = index.find(bucket, name)?;
        let (generation, metageneration) = old.as_ref().map_or((0, 0), |o| (o.generation, o.metageneration));
        preconditions.check(generation, metageneration)?;
        let now = Timestamp::now();
        let object = Arc::new(Object {
            bucket: bucket.into(),
            name: name.into(),
            generation: now.as_microsecond().max(index.last_generation + 1),
            metageneration: 1,
            content_type: described.content_type.clone(),
            cache_control: described.cache_control.clone(),
            content_disposition: described.content_disposition.clone(),
            size: draft.size,
            crc32c: draft.crc32c,
            created: now,
            updated: now,
        });
        fs::rename(&draft.path, self.path(object.generation, "bytes"))?;
        self.describe(&object)?;
        index.last_generation = object.generation;
        index.objects.insert((bucket.into(), name.into()), object.clone());
        if let Some(old) = old {
            self.remove_files(old.generation)?;
        }
        self.writes.fetch_add(1, Ordering::Relaxed);
        Ok(object)
    }

    pub(crate) fn get(
        &self,
        bucket: &str,
        name: &str,
        preconditions: Preconditions,
    ) -> Result<Arc<Object>, Problem> {
        let object = self.index().find(bucket, name)?.ok_or_else(|| Problem::no_object(bucket, name))?;
        preconditions.check(object.generation, object.metageneration)?;
        Ok(object)
    }

    /// The bytes; a reader that has opened them keeps them, whatever becomes of the object.
    pub(crate) fn open_bytes(&self, object: &Object) -> std::io::Result<File> {
        File::open(self.path(object.generation, "bytes"))
    }

    /// Changes what is said about an object.
    pub(crate) fn update(
        &self,
        bucket: &str,
        name: &str,
        preconditions: Preconditions,
        change: impl FnOnce(&mut Object),
    ) -> Result<Arc<Object>, Problem> {
        let mut index = self.index();
        let old = index.find(bucket, name)?.ok_or_else(|| Problem::no_object(bucket, name))?;
        preconditions.check(old.generation, old.metageneration)?;
        let mut object = Object::clone(&old);
        change(&mut object);
        object.metageneration += 1;
        object.updated = Timestamp::now();
        let object = Arc::new(object);
        self.describe(&object)?;
        index.objects.insert((bucket.into(), name.into()), object.clone());
        Ok(object)
    }

    pub(crate) fn delete(
        &self,
        bucket: &str,
        name: &str,
        preconditions: Preconditions,
    ) -> Result<(), Problem> {
        let mut index = self.index();
        let old = index.find(bucket, name)?.ok_or_else(|| Problem::no_object(bucket, name))?;
        preconditions.check(old.generation, old.metageneration)?;
        index.objects.remove(&(bucket.into(), name.into()));
        self.remove_files(old.generation)?;
        Ok(())
    }

    pub(crate) fn list(&self, bucket: &str, prefix: &str) -> Vec<Arc<Object>> {
        let index = self.index();
        let here = |object: &&Arc<Object>| object.bucket == bucket && object.name.starts_with(prefix);
        index.objects.values().filter(here).cloned().collect()
    }

    pub(crate) fn has_bucket(&self, bucket: &str) -> bool {
        self.index().buckets.contains(bucket)
    }

    /// How many objects there are, and how large they are together.
    pub(crate) fn totals(&self) -> (usize, u64) {
        let index = self.index();
        (index.objects.len(), index.objects.values().map(|object| object.size).sum())
    }

    pub(crate) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    fn describe(&self, object: &Object) -> Result<(), Problem> {
        let text = serde_json::to_vec(object).map_err(Problem::internal)?;
        let draft = self.path(object.generation, "draft");
        fs::write(&draft, text)?;
        Ok(fs::rename(draft, self.path(object.generation, "json"))?)
    }

    fn remove_files(&self, generation: i64) -> std::io::Result<()> {
        fs::remove_file(self.path(generation, "json"))?;
        fs::remove_file(self.path(generation, "bytes"))
    }

    fn path(&self, generation: i64, extension: &str) -> PathBuf {
        self.folder.join(format!("{generation}.{extension}"))
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn find(&self, bucket: &str, name: &str) -> Result<Option<Arc<Object>>, Problem> {
        if !self.buckets.contains(bucket) {
            return Err(Problem::no_bucket());
        }
        Ok(self.objects.get(&(bucket.to_owned(), name.to_owned())).cloned())
    }
}

impl Draft {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already if it became an object.
        let _ = fs::remove_file(&self.path);
    }
}
