//! All rows of an SQLite file, of any kind: for moving them.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credenza_core::{Clock, StoreError};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteOptions, schema, unavailable};
use crate::OpenError;
use crate::transfer::{Part, Row};

pub(crate) struct Rows(Mutex<Connection>);

type Answered<T> = Result<T, StoreError>;

impl Rows {
    pub(crate) fn open(path: &str, clock: Arc<dyn Clock>, options: SqliteOptions) -> Result<Self, OpenError> {
        // Makes the file, and brings it up to date.
        drop(super::SqliteStore::open(path, clock, options)?);
        Ok(Self(Mutex::new(schema::open_writer(Path::new(path), &options)?)))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Answered<T> {
        work(&mut self.lock()).map_err(|error| unavailable(&error))
    }

    pub(crate) async fn kinds(&self, part: Part) -> Answered<Vec<String>> {
        let sql = match part {
            Part::Sessions => "SELECT DISTINCT kind FROM records",
            Part::Records => "SELECT DISTINCT kind FROM kept WHERE kind <> 'store.transfer'",
        };
        self.with(|connection| connection.prepare(sql)?.query_map((), |row| row.get(0))?.collect())
    }

    pub(crate) async fn count(&self, part: Part, now: i64) -> Answered<u64> {
        let count: i64 = self.with(|connection| match part {
            Part::Sessions => {
                let sql = "SELECT count(*) FROM records WHERE expires > ?1";
                connection.query_row(sql, [now], |row| row.get(0))
            }
            Part::Records => {
                let sql = "SELECT count(*) FROM kept WHERE kind <> 'store.transfer'";
                connection.query_row(sql, (), |row| row.get(0))
            }
        })?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    pub(crate) async fn read(
        &self,
        part: Part,
        kind: &str,
        after: Option<&str>,
        limit: usize,
        now: i64,
    ) -> Answered<Vec<Row>> {
        let sql = match part {
            Part::Sessions => {
                "SELECT id, '', version, expires, value FROM records
                WHERE kind = ?1 AND (id > ?2 OR ?3) AND expires > ?5 ORDER BY id LIMIT ?4"
            }
            Part::Records => {
                "SELECT id, belongs, version, 0, value FROM kept
                WHERE kind = ?1 AND (id > ?2 OR ?3) AND ?5 IS NOT NULL ORDER BY id LIMIT ?4"
            }
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let one = |row: &rusqlite::Row<'_>| {
            let (id, group, version) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Row { id, group, version, expires: row.get(3)?, value: row.get(4)? })
        };
        self.with(|connection| {
            let given = params![kind, after.unwrap_or_default(), after.is_none(), limit, now];
            connection.prepare_cached(sql)?.query_map(given, one)?.collect()
        })
    }

    pub(crate) async fn write(&self, part: Part, kind: &str, rows: &[Row]) -> Answered<()> {
        let sql = match part {
            Part::Sessions => {
                "INSERT INTO records (kind, id, version, expires, value) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (kind, id) DO UPDATE
                SET version = excluded.version, expires = excluded.expires, value = excluded.value"
            }
            Part::Records => {
                "INSERT INTO kept (kind, id, version, belongs, value) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (kind, id) DO UPDATE
                SET version = excluded.version, belongs = excluded.belongs, value = excluded.value"
            }
        };
        self.with(|connection| {
            let transaction = connection.transaction()?;
            for row in rows {
                let mut write = transaction.prepare_cached(sql)?;
                match part {
                    Part::Sessions => write.execute((kind, &row.id, row.version, row.expires, &row.value))?,
                    Part::Records => write.execute((kind, &row.id, row.version, &row.group, &row.value))?,
                };
            }
            transaction.commit()
        })
    }

    pub(crate) async fn note(&self) -> Answered<Option<String>> {
        let sql = "SELECT CAST(value AS TEXT) FROM kept WHERE kind = 'store.transfer'";
        self.with(|connection| connection.query_row(sql, (), |row| row.get(0)).optional())
    }

    pub(crate) async fn set_note(&self, note: Option<&str>) -> Answered<()> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
            transaction.execute("DELETE FROM kept WHERE kind = 'store.transfer'", ())?;
            if let Some(note) = note {
                let sql = "INSERT INTO kept (kind, id, belongs, version, value)
                    VALUES ('store.transfer', 'note', '', 1, ?1)";
                transaction.execute(sql, [note.as_bytes()])?;
            }
            transaction.commit()
        })
    }
}
