//! The statements of the Records port.

use credenza_core::{Kept, Key, Listing, RecordWrite};
use rusqlite::{Connection, OptionalExtension, params};

use super::version;

pub(super) fn get(connection: &Connection, key: &Key) -> rusqlite::Result<Option<Kept>> {
    const SQL: &str = "SELECT version, value FROM kept WHERE kind = ?1 AND id = ?2";
    let mut read = connection.prepare_cached(SQL)?;
    read.query_row((key.kind, &key.id), |row| Ok(Kept { version: version(row, 0)?, value: row.get(1)? }))
        .optional()
}

pub(super) fn list(connection: &Connection, listing: Listing<'_>) -> rusqlite::Result<Vec<(String, Kept)>> {
    // An id is never empty, so that the empty one comes before all.
    const ALL: &str = "SELECT id, version, value FROM kept
        WHERE kind = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    const GROUP: &str = "SELECT id, version, value FROM kept
        WHERE kind = ?1 AND id > ?2 AND belongs = ?4 AND belongs <> '' ORDER BY id LIMIT ?3";
    let limit = i64::try_from(listing.limit).unwrap_or(i64::MAX);
    let after = listing.after.unwrap_or_default();
    let one =
        |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Kept { version: version(row, 1)?, value: row.get(2)? }));
    match listing.group {
        None => {
            connection.prepare_cached(ALL)?.query_map(params![listing.kind, after, limit], one)?.collect()
        }
        Some(group) => connection
            .prepare_cached(GROUP)?
            .query_map(params![listing.kind, after, limit, group], one)?
            .collect(),
    }
}

/// Checks and writes in one statement; says whether the record was in the state that the write needs.
pub(super) fn write(connection: &Connection, write: &RecordWrite) -> rusqlite::Result<bool> {
    const INSERT: &str = "INSERT INTO kept (kind, id, belongs, version, value) VALUES (?1, ?2, ?3, 1, ?4)
        ON CONFLICT DO NOTHING";
    const REPLACE: &str = "UPDATE kept SET version = version + 1, value = ?4
        WHERE kind = ?1 AND id = ?2 AND version = ?3";
    const REMOVE: &str = "DELETE FROM kept WHERE kind = ?1 AND id = ?2 AND version = ?3";

    let Key { kind, id } = write.key();
    let changed = match write {
        RecordWrite::Insert { group, value, .. } => {
            connection.prepare_cached(INSERT)?.execute((kind, id, group, value))?
        }
        RecordWrite::Replace { expected, value, .. } => {
            // A version that SQLite can't hold is no record's.
            let Ok(expected) = i64::try_from(*expected) else { return Ok(false) };
            connection.prepare_cached(REPLACE)?.execute((kind, id, expected, value))?
        }
        RecordWrite::Remove { expected, .. } => {
            let Ok(expected) = i64::try_from(*expected) else { return Ok(false) };
            connection.prepare_cached(REMOVE)?.execute((kind, id, expected))?
        }
    };
    Ok(changed == 1)
}
