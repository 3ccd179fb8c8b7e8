//! A store in an SQLite file: one thread writes in groups, a few connections read.

mod kept;
mod schema;
pub(crate) mod transfer;
mod writer;

use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::Duration;

use credenza_core::{
    Answer, Clock, Kept, Key, Listing, Record, RecordWrite, Records, Store, StoreError, UnixTime, Write,
};
use futures_channel::oneshot;
use rusqlite::{Connection, OptionalExtension, Row};

use self::writer::{Job, Writer};
use crate::OpenError;

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Durability {
    /// The loss of power: the disk has confirmed it (`synchronous = FULL`).
    #[default]
    Full,
    /// The death of the process, by `kill -9` too, but not the loss of power or a crash of the operating system: those
    /// can undo the last seconds, so that a code used in them could be used again (`synchronous = NORMAL`).
    Process,
}

/// How an SQLite file is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteOptions {
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// How many callers may wait for the writer; one more is told [`StoreError::Unavailable`] at once.
    pub queue: usize,
    /// How many connections read at the same time; at least one.
    pub readers: usize,
    /// How long to wait for another process that is writing to the file.
    pub busy_timeout: Duration,
}

impl Default for SqliteOptions {
    /// Full durability, 4096 waiting callers, four readers, five seconds.
    fn default() -> Self {
        Self { durability: Durability::Full, queue: 4096, readers: 4, busy_timeout: Duration::from_secs(5) }
    }
}

/// A store in an SQLite file.
///
/// All writes go to one thread, which does those that wait together in one transaction and answers each caller after
/// it is committed: many callers share the cost of one write to the disk. Reads are done by the caller's thread, and
/// see everything that was acknowledged before. Several processes may open one file.
///
/// Dropping the store does the writes that are queued, then closes the file.
pub struct SqliteStore {
    clock: Arc<dyn Clock>,
    readers: Box<[Mutex<Connection>]>,
    /// None only while dropping.
    jobs: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the file, or makes it, readable by its owner alone (mode 0600).
    ///
    /// # Errors
    /// When the path is none for a file, when it can't be opened, when it is another program's database or one of a
    /// later release.
    pub fn open(
        path: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
        options: SqliteOptions,
    ) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let failed = |reason: String| OpenError::File { path: path.to_owned(), reason };
        schema::create_file(path)?;
        let connection = schema::open_writer(path, &options)?;
        let readers = (0..options.readers.max(1))
            .map(|_| schema::open_reader(path, &options).map(Mutex::new))
            .collect::<Result<_, _>>()?;

        let (jobs, queue) = sync_channel(options.queue.max(1));
        let writer = Writer::new(connection, Arc::clone(&clock));
        let writer = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || writer.run(&queue))
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self { clock, readers, jobs: Some(jobs), writer: Some(writer) })
    }

    /// Hands a job to the writer, and waits for its answer.
    fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job,
    ) -> Answer<'static, Result<T, StoreError>> {
        let (sender, answer) = oneshot::channel();
        let Some(jobs) = &self.jobs else { return Answer::ready(Err(stopped())) };
        match jobs.try_send(job(sender)) {
            Ok(()) => Answer::later(async move { answer.await.unwrap_or_else(|_| Err(stopped())) }),
            Err(TrySendError::Full(_)) => Answer::ready(Err(StoreError::Unavailable("busy".to_owned()))),
            Err(TrySendError::Disconnected(_)) => Answer::ready(Err(stopped())),
        }
    }

    fn reader(&self) -> Option<MutexGuard<'_, Connection>> {
        for reader in &self.readers {
            match reader.try_lock() {
                Ok(reader) => return Some(reader),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.readers.first().map(|reader| reader.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        const SQL: &str = "SELECT version, expires, value FROM records WHERE kind = ?1 AND id = ?2";
        let Some(reader) = self.reader() else { return Err(stopped()) };
        let found = reader
            .prepare_cached(SQL)
            .and_then(|mut read| read.query_row((key.kind, key.id.as_str()), record).optional())
            .map_err(|error| unavailable(&error))?;
        Ok(found.filter(|record| self.clock.now() < record.expires))
    }
}

impl SqliteStore {
    fn listed(
        &self,
        kind: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>, StoreError> {
        // An id is never empty, so that the empty one comes before all.
        const SQL: &str = "SELECT version, expires, value, id FROM records
            WHERE kind = ?1 AND id > ?2 AND expires > ?3 ORDER BY id LIMIT ?4";
        let Some(reader) = self.reader() else { return Err(stopped()) };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let now = self.clock.now().as_secs();
        reader
            .prepare_cached(SQL)
            .and_then(|mut list| {
                let one = |row: &Row<'_>| Ok((row.get(3)?, record(row)?));
                list.query_map((kind, after.unwrap_or_default(), now, limit), one)?.collect()
            })
            .map_err(|error| unavailable(&error))
    }
}

impl Store for SqliteStore {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        Answer::ready(self.read(key))
    }

    fn commit(&self, writes: Vec<Write>) -> Answer<'_, Result<(), StoreError>> {
        self.ask(|answer| Job::Commit(writes, answer))
    }

    fn take<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        self.ask(|answer| Job::Take(key.clone(), answer))
    }

    fn list<'a>(
        &'a self,
        kind: &'static str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Answer<'a, Result<Vec<(String, Record)>, StoreError>> {
        Answer::ready(self.listed(kind, after, limit))
    }

    fn sweep(&self, limit: usize) -> Answer<'_, Result<usize, StoreError>> {
        self.ask(|answer| Job::Sweep(limit, answer))
    }
}

impl Records for SqliteStore {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Kept>, StoreError>> {
        let Some(reader) = self.reader() else { return Answer::ready(Err(stopped())) };
        Answer::ready(kept::get(&reader, key).map_err(|error| unavailable(&error)))
    }

    fn list<'a>(&'a self, listing: Listing<'a>) -> Answer<'a, Result<Vec<(String, Kept)>, StoreError>> {
        let Some(reader) = self.reader() else { return Answer::ready(Err(stopped())) };
        Answer::ready(kept::list(&reader, listing).map_err(|error| unavailable(&error)))
    }

    fn commit(&self, writes: Vec<RecordWrite>) -> Answer<'_, Result<(), StoreError>> {
        self.ask(|answer| Job::Keep(writes, answer))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // Without a sender the writer ends, after what is queued.
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // A panic of the writer was told to every caller already.
            let _ = writer.join();
        }
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteStore")
    }
}

/// A row of (version, expires, value).
fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record { version: version(row, 0)?, expires: UnixTime::from_secs(row.get(1)?), value: row.get(2)? })
}

fn version(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let version: i64 = row.get(column)?;
    u64::try_from(version).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, version))
}

fn unavailable(error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable(match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy) => "busy".to_owned(),
        _ => error.to_string(),
    })
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the writer has stopped".to_owned())
}
