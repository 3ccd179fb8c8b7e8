//! The thread that writes: what waits together is committed together.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use credenza_core::{Clock, Key, Record, RecordWrite, StoreError, UnixTime, Write};
use futures_channel::oneshot::Sender;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{kept, record, unavailable};

/// Jobs that share one transaction: more would only make the first of them wait.
const BATCH: usize = 512;

/// Expired records that are deleted in passing, for each job: more than it can add, so that the file is bounded by
/// what is alive.
const SWEPT_PER_JOB: usize = 2;

/// What a caller wants, and where the answer goes.
pub(super) enum Job {
    Commit(Vec<Write>, Sender<Result<(), StoreError>>),
    Keep(Vec<RecordWrite>, Sender<Result<(), StoreError>>),
    Take(Key, Sender<Result<Option<Record>, StoreError>>),
    Sweep(usize, Sender<Result<usize, StoreError>>),
}

/// The answer to a job, held back until the transaction is committed.
enum Reply {
    Commit(Result<(), StoreError>, Sender<Result<(), StoreError>>),
    Take(Result<Option<Record>, StoreError>, Sender<Result<Option<Record>, StoreError>>),
    Sweep(Result<usize, StoreError>, Sender<Result<usize, StoreError>>),
}

impl Reply {
    /// Sends the answer; or, when nothing was written after all, that. Nobody may be waiting for it any more.
    fn send(self, committed: &Result<(), StoreError>) {
        match self {
            Self::Commit(result, sender) => drop(sender.send(committed.clone().and(result))),
            Self::Take(result, sender) => drop(sender.send(committed.clone().and(result))),
            Self::Sweep(result, sender) => drop(sender.send(committed.clone().and(result))),
        }
    }
}

/// The thread's state.
pub(super) struct Writer {
    connection: Connection,
    clock: Arc<dyn Clock>,
    /// Up to this second nothing expired is left.
    swept: Option<UnixTime>,
}

impl Writer {
    pub(super) fn new(connection: Connection, clock: Arc<dyn Clock>) -> Self {
        Self { connection, clock, swept: None }
    }

    /// Works until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, queue: &Receiver<Job>) {
        let mut jobs = Vec::with_capacity(BATCH);
        let mut replies = Vec::with_capacity(BATCH);
        while let Ok(job) = queue.recv() {
            jobs.push(job);
            jobs.extend(queue.try_iter().take(BATCH - 1));
            let committed = self.batch(&mut jobs, &mut replies);
            // Conflicts too are told now: whoever was first could have been undone.
            for reply in replies.drain(..) {
                reply.send(&committed);
            }
        }
    }

    /// Does all the jobs in one transaction, which is rolled back when this fails.
    fn batch(&mut self, jobs: &mut Vec<Job>, replies: &mut Vec<Reply>) -> Result<(), StoreError> {
        let count = jobs.len();
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = match begun {
            Ok(transaction) => transaction,
            Err(error) => {
                replies.extend(jobs.drain(..).map(|job| refuse(job, &unavailable(&error))));
                return Err(unavailable(&error));
            }
        };
        let mut broken = false;
        for job in jobs.drain(..) {
            // An error of the disk can have rolled everything back: then nothing more is done outside a transaction.
            broken = broken || transaction.is_autocommit();
            replies.push(if broken {
                refuse(job, &rolled_back())
            } else {
                work(&transaction, job, self.clock.now(), &mut broken)
            });
        }
        if broken || transaction.is_autocommit() {
            return Err(rolled_back());
        }
        let now = self.clock.now();
        if self.swept != Some(now) {
            let limit = count * SWEPT_PER_JOB;
            // Left for the next time when it fails.
            if sweep(&transaction, now, limit).is_ok_and(|swept| swept < limit) {
                self.swept = Some(now);
            }
        }
        transaction.commit().map_err(|error| unavailable(&error))
    }
}

fn rolled_back() -> StoreError {
    StoreError::Unavailable("the transaction was rolled back".to_owned())
}

fn refuse(job: Job, error: &StoreError) -> Reply {
    match job {
        Job::Commit(_, sender) | Job::Keep(_, sender) => Reply::Commit(Err(error.clone()), sender),
        Job::Take(_, sender) => Reply::Take(Err(error.clone()), sender),
        Job::Sweep(_, sender) => Reply::Sweep(Err(error.clone()), sender),
    }
}

/// Does one job; `broken` when half of it is done and can't be undone alone.
fn work(connection: &Connection, job: Job, now: UnixTime, broken: &mut bool) -> Reply {
    match job {
        Job::Commit(writes, sender) => {
            let one = |write: &Write| write_one(connection, write, now);
            Reply::Commit(commit(connection, &writes, one, broken), sender)
        }
        Job::Keep(writes, sender) => {
            let one = |write: &RecordWrite| kept::write(connection, write);
            Reply::Commit(commit(connection, &writes, one, broken), sender)
        }
        Job::Take(key, sender) => {
            Reply::Take(take(connection, &key, now).map_err(|error| unavailable(&error)), sender)
        }
        Job::Sweep(limit, sender) => {
            Reply::Sweep(sweep(connection, now, limit).map_err(|error| unavailable(&error)), sender)
        }
    }
}

/// All the writes or none. A single one is one statement, which SQLite does or does not; several need a savepoint.
fn commit<W>(
    connection: &Connection,
    writes: &[W],
    one: impl Fn(&W) -> rusqlite::Result<bool>,
    broken: &mut bool,
) -> Result<(), StoreError> {
    if writes.len() < 2 {
        return write_all(writes, one);
    }
    let step = |sql| connection.prepare_cached(sql).and_then(|mut step| step.execute(()));
    step("SAVEPOINT writes").map_err(|error| unavailable(&error))?;
    let result = write_all(writes, one);
    let undone = if result.is_err() { step("ROLLBACK TO writes") } else { Ok(0) };
    *broken = undone.and_then(|_| step("RELEASE writes")).is_err();
    result
}

fn write_all<W>(writes: &[W], one: impl Fn(&W) -> rusqlite::Result<bool>) -> Result<(), StoreError> {
    for (number, write) in writes.iter().enumerate() {
        if !one(write).map_err(|error| unavailable(&error))? {
            return Err(StoreError::Conflict(number));
        }
    }
    Ok(())
}

/// Checks and writes in one statement; says whether the record was in the state that the write needs.
fn write_one(connection: &Connection, write: &Write, now: UnixTime) -> rusqlite::Result<bool> {
    const INSERT: &str = "INSERT INTO records (kind, id, version, expires, value) VALUES (?1, ?2, 1, ?3, ?4)
        ON CONFLICT DO UPDATE SET version = 1, expires = excluded.expires, value = excluded.value
        WHERE records.expires <= ?5";
    const REPLACE: &str = "UPDATE records SET version = version + 1, expires = ?3, value = ?4
        WHERE kind = ?1 AND id = ?2 AND version = ?6 AND expires > ?5";
    const REMOVE: &str = "DELETE FROM records WHERE kind = ?1 AND id = ?2 AND expires > ?3";

    let now = now.as_secs();
    let Key { kind, id } = write.key();
    let changed = match write {
        Write::Insert { value, expires, .. } => {
            connection.prepare_cached(INSERT)?.execute((kind, id, expires.as_secs(), value, now))?
        }
        Write::Replace { expected, value, expires, .. } => {
            // A version that SQLite can't hold is no record's.
            let Ok(expected) = i64::try_from(*expected) else { return Ok(false) };
            connection.prepare_cached(REPLACE)?.execute((
                kind,
                id,
                expires.as_secs(),
                value,
                now,
                expected,
            ))?
        }
        Write::Remove { .. } => connection.prepare_cached(REMOVE)?.execute((kind, id, now))?,
    };
    Ok(changed == 1)
}

fn take(connection: &Connection, key: &Key, now: UnixTime) -> rusqlite::Result<Option<Record>> {
    const TAKE: &str = "DELETE FROM records WHERE kind = ?1 AND id = ?2 RETURNING version, expires, value";
    let taken = connection.prepare_cached(TAKE)?.query_row((key.kind, &key.id), record).optional()?;
    Ok(taken.filter(|record| now < record.expires))
}

fn sweep(connection: &Connection, now: UnixTime, limit: usize) -> rusqlite::Result<usize> {
    const SWEEP: &str = "DELETE FROM records WHERE number IN
        (SELECT number FROM records WHERE expires <= ?1 ORDER BY expires LIMIT ?2)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection.prepare_cached(SWEEP)?.execute((now.as_secs(), limit))
}
