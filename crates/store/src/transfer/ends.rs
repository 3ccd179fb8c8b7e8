//! The stores that something is moved from or to.

use std::sync::Arc;

use credenza_core::{FixedClock, StoreError, UnixTime};

use super::{Part, Row, TransferError};
use crate::{OpenError, url};

pub(super) enum End {
    Sqlite(crate::sqlite::transfer::Rows),
    #[cfg(feature = "postgres")]
    Postgres(crate::postgres::transfer::Rows),
    #[cfg(feature = "redis")]
    Redis(crate::redis::transfer::Rows),
}

/// The same call of whichever it is.
macro_rules! each {
    ($end:expr, $rows:ident => $call:expr, $redis:ident => $other:expr) => {
        match $end {
            End::Sqlite($rows) => $call,
            #[cfg(feature = "postgres")]
            End::Postgres($rows) => $call,
            #[cfg(feature = "redis")]
            End::Redis($redis) => $other,
        }
    };
}

impl End {
    /// Opens a store, with the tables of this release.
    pub(super) async fn open(address: &str, clock: Arc<FixedClock>) -> Result<Self, TransferError> {
        let (scheme, rest) = address.split_once(':').unwrap_or((address, ""));
        match scheme {
            "memory" => Err(TransferError::Memory),
            "sqlite" => {
                let (path, options) = url::sqlite(rest)?;
                Ok(Self::Sqlite(crate::sqlite::transfer::Rows::open(path, clock, options)?))
            }
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => {
                let store = url::postgres(address, clock).await?;
                Ok(Self::Postgres(crate::postgres::transfer::Rows::open(&store).await?))
            }
            #[cfg(feature = "redis")]
            "redis" | "rediss" => {
                let (address, options) = url::redis(address)?;
                // What was sealed beside a database stays good beside a server that is filled from it.
                let options = crate::RedisOptions { first_epoch: Some(0), ..options };
                let store = crate::RedisStore::connect(&address, clock, &options).await?;
                Ok(Self::Redis(crate::redis::transfer::Rows::open(&store).await?))
            }
            other => Err(OpenError::UnknownScheme(other.to_owned()).into()),
        }
    }

    pub(super) const fn has_records(&self) -> bool {
        each!(self, _rows => true, _redis => false)
    }

    /// The kinds there are, in the order of their bytes.
    pub(super) async fn kinds(&self, part: Part) -> Result<Vec<String>, StoreError> {
        let mut kinds = each!(self, rows => rows.kinds(part).await, redis => redis.kinds().await)?;
        kinds.sort_unstable();
        Ok(kinds)
    }

    pub(super) async fn count(&self, part: Part, now: UnixTime) -> Result<u64, StoreError> {
        let now = now.as_secs();
        each!(self, rows => rows.count(part, now).await, redis => redis.count(now).await)
    }

    /// Rows of a kind in the order of their ids, from the one after `after` on.
    pub(super) async fn read(
        &self,
        part: Part,
        kind: &str,
        after: Option<&str>,
        limit: usize,
        now: UnixTime,
    ) -> Result<Vec<Row>, StoreError> {
        let now = now.as_secs();
        each!(self,
            rows => rows.read(part, kind, after, limit, now).await,
            redis => redis.read(kind, after, limit, now).await)
    }

    /// Writes rows in the place of what has their names.
    pub(super) async fn write(
        &self,
        part: Part,
        kind: &str,
        written: &[Row],
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let _ = now;
        each!(self,
            rows => rows.write(part, kind, written).await,
            redis => redis.write(kind, written, now.as_secs()).await)
    }

    /// What an unfinished transfer has left here.
    pub(super) async fn note(&self) -> Result<Option<String>, StoreError> {
        each!(self, rows => rows.note().await, redis => redis.note().await)
    }

    pub(super) async fn set_note(&self, note: Option<&str>) -> Result<(), StoreError> {
        each!(self, rows => rows.set_note(note).await, redis => redis.set_note(note).await)
    }
}
