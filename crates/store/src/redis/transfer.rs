//! All sessions of a Redis server, of any kind: for moving them.

use credenza_core::StoreError;
use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, Pipeline, RedisError, cmd, pipe};

use super::{GRACE, RedisStore, damaged, record, text};
use crate::OpenError;
use crate::transfer::Row;

pub(crate) struct Rows {
    connection: MultiplexedConnection,
    prefix: String,
    epoch: u64,
}

type Answered<T> = Result<T, StoreError>;

impl Rows {
    pub(crate) async fn open(store: &RedisStore) -> Result<Self, OpenError> {
        let (connection, epoch) = store.connections.raw().await?;
        Ok(Self { connection, prefix: store.connections.prefix.clone(), epoch })
    }

    async fn ask<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Answered<T> {
        let mut connection = self.connection.clone();
        pipeline.query_async(&mut connection).await.map_err(|error| failed(&error))
    }

    fn index(&self, what: &str, kind: &str) -> String {
        format!("{{{}}}:{}:{what}:{kind}", self.prefix, self.epoch)
    }

    fn name(&self, kind: &str, id: &str) -> String {
        format!("{{{}}}:{}:{}:{kind}:{id}", self.prefix, self.epoch, kind.len())
    }

    pub(crate) async fn kinds(&self) -> Answered<Vec<String>> {
        let start = self.index("names", "");
        let (mut kinds, mut cursor) = (Vec::new(), 0_u64);
        loop {
            let mut connection = self.connection.clone();
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("{start}*")).arg("COUNT").arg(1000);
            let (next, names): (u64, Vec<String>) =
                scan.query_async(&mut connection).await.map_err(|error| failed(&error))?;
            kinds.extend(names.iter().filter_map(|name| Some(name.strip_prefix(&start)?.to_owned())));
            cursor = next;
            if cursor == 0 {
                kinds.sort_unstable();
                kinds.dedup();
                return Ok(kinds);
            }
        }
    }

    pub(crate) async fn count(&self, now: i64) -> Answered<u64> {
        let mut sum = 0;
        for kind in self.kinds().await? {
            let mut count = pipe();
            count.cmd("ZCOUNT").arg(self.index("ends", &kind)).arg(format!("({now}")).arg("+inf");
            let (alive,): (u64,) = self.ask(&count).await?;
            sum += alive;
        }
        Ok(sum)
    }

    pub(crate) async fn read(
        &self,
        kind: &str,
        after: Option<&str>,
        limit: usize,
        now: i64,
    ) -> Answered<Vec<Row>> {
        let mut from = after.map_or_else(|| "-".to_owned(), |id| format!("({id}"));
        loop {
            let mut list = pipe();
            list.cmd("ZRANGEBYLEX").arg(self.index("names", kind)).arg(&from).arg("+");
            list.arg("LIMIT").arg(0).arg(limit);
            let (ids,): (Vec<String>,) = self.ask(&list).await?;
            let Some(last) = ids.last() else { return Ok(Vec::new()) };
            from = format!("({last}");
            let mut get = pipe();
            for id in &ids {
                get.cmd("GET").arg(self.name(kind, id));
            }
            let found: Vec<Option<Vec<u8>>> = self.ask(&get).await?;
            let mut rows = Vec::new();
            for (id, found) in ids.into_iter().zip(found) {
                let Some(found) = found else { continue };
                let record = record(&found).ok_or_else(damaged)?;
                let expires = record.expires.as_secs();
                if expires > now {
                    let version = i64::try_from(record.version).map_err(|_| damaged())?;
                    rows.push(Row { id, group: String::new(), version, expires, value: record.value });
                }
            }
            // Names whose records are over are no end.
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
    }

    pub(crate) async fn write(&self, kind: &str, rows: &[Row], now: i64) -> Answered<()> {
        let [names, ends] = ["names", "ends"].map(|what| self.index(what, kind));
        let mut write = pipe();
        write.atomic();
        for row in rows.iter().filter(|row| row.expires > now) {
            let left = (row.expires - now).saturating_add(i64::from(GRACE)).min(1_000_000_000);
            let version = u64::try_from(row.version).map_err(|_| damaged())?;
            let content = text(version, credenza_core::UnixTime::from_secs(row.expires), &row.value);
            write.cmd("SET").arg(self.name(kind, &row.id)).arg(content).arg("EX").arg(left).ignore();
            write.cmd("ZADD").arg(&names).arg(0).arg(&row.id).ignore();
            write.cmd("ZADD").arg(&ends).arg(row.expires).arg(&row.id).ignore();
        }
        // For as long as the longest of them; the next writer of the kind makes it shorter by nothing.
        let longest = rows.iter().map(|row| row.expires - now).max().unwrap_or_default();
        let outlast = longest.saturating_add(i64::from(GRACE)).clamp(1, 1_000_000_000);
        let mut left = pipe();
        left.cmd("TTL").arg(&names);
        let (before,): (i64,) = self.ask(&left).await?;
        if before < outlast {
            write.cmd("EXPIRE").arg(&names).arg(outlast).ignore();
            write.cmd("EXPIRE").arg(&ends).arg(outlast).ignore();
        }
        self.ask::<()>(&write).await
    }

    fn note_key(&self) -> String {
        format!("{{{}}}:transfer", self.prefix)
    }

    pub(crate) async fn note(&self) -> Answered<Option<String>> {
        let mut get = pipe();
        get.cmd("GET").arg(self.note_key());
        let (note,) = self.ask(&get).await?;
        Ok(note)
    }

    pub(crate) async fn set_note(&self, note: Option<&str>) -> Answered<()> {
        let mut set = pipe();
        match note {
            Some(note) => set.cmd("SET").arg(self.note_key()).arg(note).ignore(),
            None => set.cmd("DEL").arg(self.note_key()).ignore(),
        };
        self.ask::<()>(&set).await
    }
}

fn failed(error: &RedisError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
