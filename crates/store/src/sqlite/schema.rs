//! Opening the file: who may read it, whose it is, and which tables it has.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::{Durability, SqliteOptions};
use crate::OpenError;

/// Marks a database as ours, in SQLite's header: "CRDZ".
const APPLICATION_ID: i64 = 0x4352_445a;

/// Bytes of pages that the writer keeps in memory: enough that a busy transaction is not written out twice.
const WRITER_CACHE: i64 = 16 * 1024 * 1024;

/// Pages of 4 KiB after which the log is copied into the database. Several changes of a page are copied once, so
/// fewer times is cheaper; but after a crash the log has to be read again.
const CHECKPOINT: i64 = 4096;

/// Bytes of the log that are kept for its next use, after a burst.
const LOG_KEPT: i64 = 64 * 1024 * 1024;

/// What makes each schema from the one before it. Released ones never change.
///
/// The ids are random. Records in the order of their ids (WITHOUT ROWID) would make every write touch a page of its
/// own; in the order of their arrival they share pages, and only the small index of the ids is scattered: three times
/// cheaper to write, and not dearer to read.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE records (
        number INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        expires INTEGER NOT NULL, -- seconds since 1970
        value BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX records_by_key ON records (kind, id);
    CREATE INDEX records_by_expiry ON records (expires);
",
    "
    CREATE TABLE kept (
        number INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        belongs TEXT NOT NULL, -- the group; empty for none
        version INTEGER NOT NULL,
        value BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX kept_by_key ON kept (kind, id);
    CREATE INDEX kept_by_group ON kept (kind, belongs, id) WHERE belongs <> '';
",
];

/// Makes the file, if there is none, before SQLite would make one that others can read. SQLite gives the files beside
/// it the same mode.
pub(super) fn create_file(path: &Path) -> Result<(), OpenError> {
    let name = path.as_os_str();
    if name.is_empty() || name.as_encoded_bytes().starts_with(b":") {
        return Err(OpenError::Url("sqlite: needs the path of a file".to_owned()));
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| file(path, &error))
}

/// The connection that writes, with the schema of this release.
pub(super) fn open_writer(path: &Path, options: &SqliteOptions) -> Result<Connection, OpenError> {
    let mut connection = open(path, options, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let failed = |error: rusqlite::Error| file(path, &error);
    recognise(path, &connection)?;
    use_wal(&connection, options).map_err(failed)?;
    let synchronous = match options.durability {
        Durability::Full => "FULL",
        Durability::Process => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous).map_err(failed)?;
    // What was deleted is overwritten where that costs no extra write: records may hold personal data.
    connection.pragma_update(None, "secure_delete", "FAST").map_err(failed)?;
    // Pre-images of savepoints.
    connection.pragma_update(None, "temp_store", "MEMORY").map_err(failed)?;
    let set = |pragma, value: i64| connection.pragma_update(None, pragma, value).map_err(failed);
    set("cache_size", -WRITER_CACHE / 1024)?;
    set("wal_autocheckpoint", CHECKPOINT)?;
    set("journal_size_limit", LOG_KEPT)?;

    // Two processes may start at once: the version is read inside the transaction.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    migrate(path, &transaction)?;
    transaction.commit().map_err(failed)?;
    Ok(connection)
}

/// A connection that can't write.
pub(super) fn open_reader(path: &Path, options: &SqliteOptions) -> Result<Connection, OpenError> {
    let connection = open(path, options, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Not opened read-only, because the first to open a file after a crash has to recover its log.
    connection.pragma_update(None, "query_only", true).map_err(|error| file(path, &error))?;
    Ok(connection)
}

fn open(path: &Path, options: &SqliteOptions, flags: OpenFlags) -> Result<Connection, OpenError> {
    let open = || {
        // One thread at a time uses a connection: SQLite needs no mutex of its own.
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(options.busy_timeout)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| file(path, &error))
}

/// Refuses another program's database before anything is changed in it.
fn recognise(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| file(path, &error);
    // In this order: another process may be making the database right now, and both come to be at once.
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).map_err(failed)?;
    if tables == 0 || number(connection, "application_id").map_err(failed)? == APPLICATION_ID {
        return Ok(());
    }
    Err(OpenError::Foreign { path: path.to_owned() })
}

/// Switches to the write-ahead log. SQLite does not wait for others here, though two processes that start at once
/// both do it.
fn use_wal(connection: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    let pause = std::time::Duration::from_millis(5);
    let mut waited = std::time::Duration::ZERO;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && waited < options.busy_timeout =>
            {
                std::thread::sleep(pause);
                waited += pause;
            }
            result => return result,
        }
    }
}

fn migrate(path: &Path, transaction: &Transaction<'_>) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| file(path, &error);
    let found = number(transaction, "user_version").map_err(failed)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    let Some(missing) = MIGRATIONS.get(done..) else {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    };
    if missing.is_empty() {
        return Ok(());
    }
    for migration in missing {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.pragma_update(None, "user_version", known).map_err(failed)
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

fn file(path: &Path, error: &dyn std::error::Error) -> OpenError {
    OpenError::File { path: path.to_owned(), reason: error.to_string() }
}
