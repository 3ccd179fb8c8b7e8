//! The statements, prepared once for each connection. Each returns a row for every record that it found or changed.

use credenza_core::{Key, Write};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Statement};

const GET: &str = "SELECT version, expires, value FROM credenza_sessions
    WHERE kind = $1 AND id = $2 AND expires > $3";
const INSERT: &str =
    "INSERT INTO credenza_sessions (kind, id, version, expires, value) VALUES ($1, $2, 1, $3, $4)
    ON CONFLICT (kind, id) DO UPDATE SET version = 1, expires = excluded.expires, value = excluded.value
    WHERE credenza_sessions.expires <= $5 RETURNING 1";
const REPLACE: &str = "UPDATE credenza_sessions SET version = version + 1, expires = $3, value = $4
    WHERE kind = $1 AND id = $2 AND expires > $5 AND version = $6 RETURNING 1";
const REMOVE: &str = "DELETE FROM credenza_sessions WHERE kind = $1 AND id = $2 AND expires > $3 RETURNING 1";
const TAKE: &str = "DELETE FROM credenza_sessions WHERE kind = $1 AND id = $2 AND expires > $3
    RETURNING version, expires, value";
const SESSIONS: &str = "SELECT version, expires, value, id FROM credenza_sessions
    WHERE kind = $1 AND id > $2 AND expires > $3 ORDER BY id LIMIT $4";
/// Sweepers on several nodes pass each other by.
const SWEEP: &str = "DELETE FROM credenza_sessions WHERE (kind, id) IN (
    SELECT kind, id FROM credenza_sessions WHERE expires <= $1 ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1";
const COMMIT: &str = "SELECT credenza_commit($1, $2, $3, $4, $5, $6, $7)";

const KEPT: &str = "SELECT version, value FROM credenza_records WHERE kind = $1 AND id = $2";
const LIST: &str = "SELECT id, version, value FROM credenza_records
    WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3";
const LIST_GROUP: &str = "SELECT id, version, value FROM credenza_records
    WHERE kind = $1 AND id > $2 AND belongs = $4 AND belongs <> '' ORDER BY id LIMIT $3";
const KEEP: &str = "SELECT credenza_keep($1, $2, $3, $4, $5, $6)";

/// Not the beginning of the transaction, but the moment.
const TIME: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

/// A value in a statement.
pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// Which statement.
pub(super) type Which = fn(&Prepared) -> &Statement;

/// A connection with its statements.
pub(super) struct Prepared {
    pub(super) client: Client,
    pub(super) get: Statement,
    pub(super) insert: Statement,
    pub(super) replace: Statement,
    pub(super) remove: Statement,
    pub(super) take: Statement,
    pub(super) sessions: Statement,
    pub(super) sweep: Statement,
    pub(super) commit: Statement,
    pub(super) kept: Statement,
    pub(super) list: Statement,
    pub(super) list_group: Statement,
    pub(super) keep: Statement,
    pub(super) time: Statement,
}

impl Prepared {
    pub(super) async fn new(client: Client) -> Result<Self, Error> {
        Ok(Self {
            get: client.prepare(GET).await?,
            insert: client.prepare(INSERT).await?,
            replace: client.prepare(REPLACE).await?,
            remove: client.prepare(REMOVE).await?,
            take: client.prepare(TAKE).await?,
            sessions: client.prepare(SESSIONS).await?,
            sweep: client.prepare(SWEEP).await?,
            commit: client.prepare(COMMIT).await?,
            kept: client.prepare(KEPT).await?,
            list: client.prepare(LIST).await?,
            list_group: client.prepare(LIST_GROUP).await?,
            keep: client.prepare(KEEP).await?,
            time: client.prepare(TIME).await?,
            client,
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }
}

/// The columns of several writes, as the function in the database takes them.
pub(super) struct Batch<'a> {
    operations: Vec<i16>,
    kinds: Vec<&'static str>,
    ids: Vec<&'a [u8]>,
    expected: Vec<i64>,
    expiries: Vec<i64>,
    values: Vec<&'a [u8]>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(writes: &'a [Write]) -> Self {
        let count = writes.len();
        let mut batch = Self {
            operations: Vec::with_capacity(count),
            kinds: Vec::with_capacity(count),
            ids: Vec::with_capacity(count),
            expected: Vec::with_capacity(count),
            expiries: Vec::with_capacity(count),
            values: Vec::with_capacity(count),
        };
        for write in writes {
            let Key { kind, id } = write.key();
            let (operation, expected, expires, value): (i16, i64, i64, &[u8]) = match write {
                Write::Insert { value, expires, .. } => (1, 0, expires.as_secs(), value),
                Write::Replace { expected, value, expires, .. } => {
                    // Versions begin with 1: what can't be held is no record's.
                    (2, i64::try_from(*expected).unwrap_or(0), expires.as_secs(), value)
                }
                Write::Remove { .. } => (3, 0, 0, &[]),
            };
            batch.operations.push(operation);
            batch.kinds.push(kind);
            batch.ids.push(id.as_bytes());
            batch.expected.push(expected);
            batch.expiries.push(expires);
            batch.values.push(value);
        }
        batch
    }

    pub(super) fn parameters<'b>(&'b self, now: &'b i64) -> [Parameter<'b>; 7] {
        [&self.operations, &self.kinds, &self.ids, &self.expected, &self.expiries, &self.values, now]
    }
}
