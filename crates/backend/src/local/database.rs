//! The SQLite database: opening, schema, and transactions off the async threads.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::blocking::blocking;
use crate::error::{Context, Result, ensure};

/// How long a transaction waits for another process to finish its own.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What the write-ahead log is cut to when it is begun anew, in bytes. Without, it stays as large as it once was, as after a
/// long read beside many writes.
const LARGEST_IDLE_LOG: u32 = 16 << 20;

/// Readers beyond this number are opened and closed again.
const IDLE_READERS: usize = 4;

/// The schema, one step a version; `user_version` counts the steps a database has taken.
const MIGRATIONS: [&str; 6] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
];

const NEWEST: u32 = MIGRATIONS.len() as u32;

/// One database, shared by this process's tasks and by other processes.
///
/// Writers of one process queue at a mutex, which wakes the next at once, before they compete with other processes for
/// SQLite's lock, which makes them sleep and look again.
///
/// No lock is held while the disk flushes: SQLite commits with `synchronous = NORMAL`, and whoever promises that a power
/// cut takes nothing back then flushes the write-ahead log itself. That is the same flush that `FULL` does inside the
/// lock, but the flushes of several tasks go to the disk together. What a checkpoint has moved into the database in the
/// meantime it has flushed there, `NORMAL` or not. Eight writers at a time create records at least twice as fast.
pub(super) struct Database {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    /// The write-ahead log, which stays the same file for as long as any connection is open.
    wal: File,
}

/// What a committed transaction outlives.
#[derive(Clone, Copy)]
pub(super) enum Durability {
    /// The process being killed. The operating system has the data; a power cut may take back the last such
    /// transactions, but only together with all later ones, so that no later state is seen without an earlier.
    Kill,
    /// A power cut: the write-ahead log, with every transaction so far, is on disk before the commit returns.
    PowerCut,
}

impl Database {
    /// Opens the database and brings its schema up to date. The caller holds the directory's lock.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut writer = connect(path)?;
        migrate(&mut writer).with_context(|| format!("cannot prepare the database {}", path.display()))?;
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        let wal = File::open(&wal).with_context(|| format!("cannot open {}", wal.display()))?;
        wal.sync_data().with_context(|| format!("cannot flush the database {}", path.display()))?;
        Ok(Self { path: path.to_owned(), writer: Mutex::new(writer), readers: Mutex::default(), wal })
    }

    /// Runs `work` in a transaction that holds the write lock from the start, and commits it.
    pub(super) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        durability: Durability,
        work: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.clone();
        blocking(move || database.write_blocking(durability, work)).await
    }

    /// The same on a thread that may block.
    pub(super) fn write_blocking<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let commit = || -> Result<T> {
            let mut writer = lock(&self.writer);
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        let value = commit().with_context(|| self.describe("write to"))?;
        match durability {
            Durability::Kill => {}
            Durability::PowerCut => self.wal.sync_data().with_context(|| self.describe("flush"))?,
        }
        Ok(value)
    }

    /// Runs `work` on a connection that only reads; writers do not hold it up.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.clone();
        blocking(move || database.read_blocking(work)).await
    }

    /// The same on a thread that may block.
    pub(super) fn read_blocking<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = lock(&self.readers).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => {
                let reader = connect(&self.path)?;
                reader.execute_batch("PRAGMA query_only = ON").with_context(|| self.describe("read"))?;
                reader
            }
        };
        let value = work(&reader).with_context(|| self.describe("read"))?;
        let mut readers = lock(&self.readers);
        if readers.len() < IDLE_READERS {
            readers.push(reader);
        }
        Ok(value)
    }

    fn describe(&self, verb: &str) -> String {
        format!("cannot {verb} the database {}", self.path.display())
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON",
        )?;
        connection.pragma_update(None, "journal_size_limit", LARGEST_IDLE_LOG)?;
        Ok(connection)
    };
    open().with_context(|| format!("cannot open the database {}", path.display()))
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: u32 = transaction.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    ensure!(
        version <= NEWEST,
        Conflict,
        "it was written by a newer release (its schema has version {version}, this release knows {NEWEST})"
    );
    for step in MIGRATIONS.iter().skip(version as usize) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", NEWEST)?;
    transaction.commit()?;
    Ok(())
}

/// A panic while the lock was held has rolled its transaction back, so the connection behind it is fine.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
