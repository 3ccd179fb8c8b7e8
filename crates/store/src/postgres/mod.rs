//! Sessions and records in PostgreSQL: any number of nodes share one database.

mod connections;
mod kept;
mod schema;
mod statements;
pub(crate) mod transfer;

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Answer, Clock, Key, Record, Store, StoreError, UnixTime, Write};
use tokio_postgres::{Config, Row};

use self::connections::Connections;
use crate::{OpenError, ServerTime};

/// How a database is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostgresOptions {
    /// How many connections each node holds; at least one. Many callers share one: it needs no more than the database
    /// has processors.
    pub connections: usize,
    /// How many callers may wait for an answer; one more is told [`StoreError::Unavailable`] at once.
    pub queue: usize,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long an answer may take. The server gives up at the same time.
    pub answer_timeout: Duration,
}

impl Default for PostgresOptions {
    /// Eight connections, 4096 waiting callers, two seconds to connect, five to answer.
    fn default() -> Self {
        Self {
            connections: 8,
            queue: 4096,
            connect_timeout: Duration::from_secs(2),
            answer_timeout: Duration::from_secs(5),
        }
    }
}

/// A store in PostgreSQL (14 or later).
///
/// Every method is one statement, hence one round trip and one transaction; statements of many callers travel on one
/// connection without waiting for each other's answers. A commit of several writes is a call of a function that lives
/// in the database. A connection that breaks is made anew by the next caller.
pub struct PostgresStore {
    clock: Arc<dyn Clock>,
    connections: Connections,
}

impl PostgresStore {
    /// Connects to the database of a URL (`postgres://user:password@host/name?sslmode=require`), and makes or brings up
    /// to date its tables; several nodes may start at once. Needs to be called, and the store used, inside of a tokio
    /// runtime.
    ///
    /// # Errors
    /// The URL is wrong, the database can't be reached, or it was used by a later release. None of the texts has the
    /// password.
    pub async fn connect(
        url: &str,
        clock: Arc<dyn Clock>,
        options: PostgresOptions,
    ) -> Result<Self, OpenError> {
        // The parser's text can have parts of the URL.
        let config: Config =
            url.parse().map_err(|_| OpenError::Url("it is no URL of a PostgreSQL database".to_owned()))?;
        let connections = Connections::new(config, &options)?;
        connections.migrate().await?;
        Ok(Self { clock, connections })
    }

    async fn read(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let now = self.clock.now().as_secs();
        let rows = self.connections.ask(|it| &it.get, &[&key.kind, &key.id.as_bytes(), &now]).await?;
        rows.first().map(record).transpose()
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        match writes {
            [] => Ok(()),
            [one] => self.write_one(one).await,
            several => self.write_all(several).await,
        }
    }

    async fn write_one(&self, write: &Write) -> Result<(), StoreError> {
        let now = self.clock.now().as_secs();
        let Key { kind, id } = write.key();
        let id = &id.as_bytes();
        let changed = match write {
            Write::Insert { value, expires, .. } => {
                let expires = expires.as_secs();
                self.connections.ask(|it| &it.insert, &[kind, id, &expires, value, &now]).await?
            }
            Write::Replace { expected, value, expires, .. } => {
                // A version that the database can't hold is no record's.
                let Ok(expected) = i64::try_from(*expected) else { return Err(StoreError::Conflict(0)) };
                let expires = expires.as_secs();
                self.connections.ask(|it| &it.replace, &[kind, id, &expires, value, &now, &expected]).await?
            }
            Write::Remove { .. } => self.connections.ask(|it| &it.remove, &[kind, id, &now]).await?,
        };
        if changed.is_empty() { Err(StoreError::Conflict(0)) } else { Ok(()) }
    }

    async fn write_all(&self, writes: &[Write]) -> Result<(), StoreError> {
        let now = self.clock.now().as_secs();
        let batch = statements::Batch::new(writes);
        self.connections.ask(|it| &it.commit, &batch.parameters(&now)).await?;
        Ok(())
    }

    async fn take_once(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let now = self.clock.now().as_secs();
        let rows = self.connections.ask(|it| &it.take, &[&key.kind, &key.id.as_bytes(), &now]).await?;
        rows.first().map(record).transpose()
    }

    async fn listed_sessions(
        &self,
        kind: &'static str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>, StoreError> {
        let now = self.clock.now().as_secs();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        // An id is never empty, so that the empty one comes before all.
        let after = after.unwrap_or_default().as_bytes();
        let rows = self.connections.ask(|it| &it.sessions, &[&kind, &after, &now, &limit]).await?;
        let one = |row: &Row| {
            let id = String::from_utf8(row.try_get(3).map_err(strange)?).map_err(strange)?;
            Ok((id, record(row)?))
        };
        rows.iter().map(one).collect()
    }

    async fn time(&self) -> Result<Duration, StoreError> {
        let rows = self.connections.ask(|it| &it.time, &[]).await?;
        let row = rows.first().ok_or_else(|| strange(()))?;
        let micros: i64 = row.try_get(0).map_err(strange)?;
        Ok(Duration::from_micros(u64::try_from(micros).map_err(strange)?))
    }

    async fn sweep_some(&self, limit: usize) -> Result<usize, StoreError> {
        let now = self.clock.now().as_secs();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.connections.ask(|it| &it.sweep, &[&now, &limit]).await?.len())
    }
}

impl Store for PostgresStore {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        Answer::later(self.read(key))
    }

    fn commit(&self, writes: Vec<Write>) -> Answer<'_, Result<(), StoreError>> {
        Answer::later(async move { self.write(&writes).await })
    }

    fn take<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        Answer::later(self.take_once(key))
    }

    fn list<'a>(
        &'a self,
        kind: &'static str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Answer<'a, Result<Vec<(String, Record)>, StoreError>> {
        Answer::later(self.listed_sessions(kind, after, limit))
    }

    fn sweep(&self, limit: usize) -> Answer<'_, Result<usize, StoreError>> {
        Answer::later(self.sweep_some(limit))
    }
}

impl ServerTime for PostgresStore {
    fn server_time(&self) -> Answer<'_, Result<Duration, StoreError>> {
        Answer::later(self.time())
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostgresStore")
    }
}

/// A row of (version, expires, value).
fn record(row: &Row) -> Result<Record, StoreError> {
    Ok(Record {
        version: version(row, 0)?,
        expires: UnixTime::from_secs(row.try_get(1).map_err(strange)?),
        value: row.try_get(2).map_err(strange)?,
    })
}

fn version(row: &Row, column: usize) -> Result<u64, StoreError> {
    row.try_get::<_, i64>(column).map_err(strange)?.try_into().map_err(strange)
}

fn strange<E>(_: E) -> StoreError {
    StoreError::Unavailable("a row of the database has another shape".to_owned())
}
